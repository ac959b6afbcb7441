-- How far people were reminded of what is unwell, in one row: how many reminders there were, when the wait for the next one
-- began and when people were last told anything (none while all is well), and until when nobody wants to be reminded.
CREATE TABLE reminders (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    count BIGINT NOT NULL,
    begun_ms BIGINT,
    told_ms BIGINT,
    silent_until_ms BIGINT
);
INSERT INTO reminders (id, count) VALUES (1, 0);
