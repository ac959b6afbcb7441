-- Times end in _ms (milliseconds) or _s (seconds) since 1970, in UTC; durations end in _ms. A cause and
-- the body of a notice are JSON. A column that does not apply is NULL, but for the parts of a subject's name.

-- Which migrations were done, and when.
CREATE TABLE schema (
    version BIGINT PRIMARY KEY,
    applied_ms BIGINT NOT NULL
);

-- Numbers that never come again, even if all that had them is gone.
CREATE TABLE numbers (
    name TEXT PRIMARY KEY,
    next BIGINT NOT NULL
);

-- What has a status: a replica, or a node (no replica), a service (no node), the page (no service). How it is, and
-- what people were told last.
CREATE TABLE subjects (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service TEXT NOT NULL,
    node TEXT NOT NULL,
    replica TEXT NOT NULL,
    status TEXT,
    since_ms BIGINT,
    cause TEXT,
    interval_ms BIGINT,
    told TEXT,
    UNIQUE (service, node, replica)
);

-- Every change of a status.
CREATE TABLE transitions (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_id BIGINT NOT NULL REFERENCES subjects (id),
    at_ms BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    from_status TEXT,
    to_status TEXT,
    cause TEXT,
    lasted_ms BIGINT
);
CREATE INDEX transitions_by_subject ON transitions (subject_id, at_ms);

-- What there was, by the minute (tier 0), five minutes (1), hour (2) and day (3), many spans a row. Rows of one time
-- lie together, so that writing a minute of all subjects touches few pages.
CREATE TABLE chunks (
    tier BIGINT NOT NULL,
    start_s BIGINT NOT NULL,
    subject_id BIGINT NOT NULL REFERENCES subjects (id),
    spans BYTEA NOT NULL,
    PRIMARY KEY (tier, start_s, subject_id)
)
-- Room for the row that the next minute makes of this one, soon reused; no attempt to compress what is dense already.
WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE chunks ALTER COLUMN spans SET STORAGE EXTERNAL;
CREATE INDEX chunks_by_subject ON chunks (subject_id, tier, start_s);

-- Until when a tier was made from the finer one.
CREATE TABLE rolled (
    tier BIGINT PRIMARY KEY,
    until_s BIGINT NOT NULL
);

-- Outages of services.
CREATE TABLE incidents (
    id BIGINT PRIMARY KEY,
    service TEXT NOT NULL,
    opened_ms BIGINT NOT NULL,
    cause TEXT,
    closed_ms BIGINT,
    ended TEXT
);
CREATE INDEX incidents_by_time ON incidents (opened_ms);

-- The nodes that died in them, in order.
CREATE TABLE affected (
    incident_id BIGINT NOT NULL REFERENCES incidents (id),
    position BIGINT NOT NULL,
    node TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    cause TEXT,
    deaths BIGINT NOT NULL,
    again_ms BIGINT NOT NULL,
    down_ms BIGINT NOT NULL,
    until_ms BIGINT,
    ended TEXT,
    PRIMARY KEY (incident_id, position)
);
CREATE INDEX affected_by_node ON affected (node);

-- Notices that are owed to somebody.
CREATE TABLE notices (
    id BIGINT PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    body TEXT NOT NULL
);

-- To whom, and how often that failed.
CREATE TABLE owed (
    notice_id BIGINT NOT NULL REFERENCES notices (id),
    channel TEXT NOT NULL,
    failures BIGINT NOT NULL,
    failure TEXT,
    failed_at_ms BIGINT,
    PRIMARY KEY (notice_id, channel)
);
