-- Planned maintenance; spans of its time are in chunks of their own format, which earlier programs do not know.
CREATE TABLE maintenance (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    body TEXT,
    targets TEXT NOT NULL,
    starts_ms INTEGER NOT NULL,
    ends_ms INTEGER NOT NULL,
    ended_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX maintenance_by_end ON maintenance (ends_ms);
