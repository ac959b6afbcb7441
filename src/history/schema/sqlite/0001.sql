-- Times end in _ms (milliseconds) or _s (seconds) since 1970, in UTC; durations end in _ms. A cause and
-- the body of a notice are JSON. A column that does not apply is NULL, but for the parts of a subject's name.

-- Which migrations were done, and when.
CREATE TABLE schema (
    version INTEGER PRIMARY KEY,
    applied_ms INTEGER NOT NULL
);

-- Numbers that never come again, even if all that had them is gone.
CREATE TABLE numbers (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
);

-- What has a status: a replica, or a node (no replica), a service (no node), the page (no service). How it is, and
-- what people were told last.
CREATE TABLE subjects (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    node TEXT NOT NULL,
    replica TEXT NOT NULL,
    status TEXT,
    since_ms INTEGER,
    cause TEXT,
    interval_ms INTEGER,
    told TEXT,
    UNIQUE (service, node, replica)
);

-- Every change of a status.
CREATE TABLE transitions (
    id INTEGER PRIMARY KEY,
    subject_id INTEGER NOT NULL REFERENCES subjects (id),
    at_ms INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    from_status TEXT,
    to_status TEXT,
    cause TEXT,
    lasted_ms INTEGER
);
CREATE INDEX transitions_by_subject ON transitions (subject_id, at_ms);

-- What there was, by the minute (tier 0), five minutes (1), hour (2) and day (3), many spans a row. Rows of one time
-- lie together, so that writing a minute of all subjects touches few pages.
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY,
    tier INTEGER NOT NULL,
    start_s INTEGER NOT NULL,
    subject_id INTEGER NOT NULL REFERENCES subjects (id),
    spans BLOB NOT NULL,
    UNIQUE (tier, start_s, subject_id)
);
CREATE INDEX chunks_by_subject ON chunks (subject_id, tier, start_s);

-- Until when a tier was made from the finer one.
CREATE TABLE rolled (
    tier INTEGER PRIMARY KEY,
    until_s INTEGER NOT NULL
);

-- Outages of services.
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    cause TEXT,
    closed_ms INTEGER,
    ended TEXT
);
CREATE INDEX incidents_by_time ON incidents (opened_ms);

-- The nodes that died in them, in order.
CREATE TABLE affected (
    incident_id INTEGER NOT NULL REFERENCES incidents (id),
    position INTEGER NOT NULL,
    node TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    cause TEXT,
    deaths INTEGER NOT NULL,
    again_ms INTEGER NOT NULL,
    down_ms INTEGER NOT NULL,
    until_ms INTEGER,
    ended TEXT,
    PRIMARY KEY (incident_id, position)
) WITHOUT ROWID;
CREATE INDEX affected_by_node ON affected (node);

-- Notices that are owed to somebody.
CREATE TABLE notices (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL
);

-- To whom, and how often that failed.
CREATE TABLE owed (
    notice_id INTEGER NOT NULL REFERENCES notices (id),
    channel TEXT NOT NULL,
    failures INTEGER NOT NULL,
    failure TEXT,
    failed_at_ms INTEGER,
    PRIMARY KEY (notice_id, channel)
) WITHOUT ROWID;
