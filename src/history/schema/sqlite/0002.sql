-- How far people were reminded of what is unwell, in one row: how many reminders there were, when the wait for the next one
-- began and when people were last told anything (none while all is well), and until when nobody wants to be reminded.
CREATE TABLE reminders (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL,
    begun_ms INTEGER,
    told_ms INTEGER,
    silent_until_ms INTEGER
);
INSERT INTO reminders (id, count) VALUES (1, 0);
