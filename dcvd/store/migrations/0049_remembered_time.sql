-- The time that dcvd went by last, and the last one that something confirmed: what a start holds the machine's clock
-- against. There is one row.
CREATE TABLE remembered_time (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    seen_at      INTEGER NOT NULL,
    confirmed_at INTEGER
) STRICT;
