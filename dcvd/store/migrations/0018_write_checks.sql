-- Whether the database can be written to is found out by a write; its row is the only one.
CREATE TABLE write_checks (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    checked_at INTEGER NOT NULL
) STRICT;
