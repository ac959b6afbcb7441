-- Planned maintenance; spans of its time are in chunks of their own format, which earlier programs do not know.
CREATE TABLE maintenance (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    body TEXT,
    targets TEXT NOT NULL,
    starts_ms BIGINT NOT NULL,
    ends_ms BIGINT NOT NULL,
    ended_ms BIGINT
);
CREATE INDEX maintenance_by_end ON maintenance (ends_ms);
