-- Who changed what. The entries of one organization (org_id '' for those of none) are a chain: each has the hash of the
-- one before in its own. It is no foreign key: the chain ends with its organization, step by step.
CREATE TABLE audit_entries (
    id          TEXT    PRIMARY KEY,
    org_id      TEXT    NOT NULL,
    sequence    INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    object_id   TEXT,
    address     TEXT,
    request_id  TEXT,
    before      TEXT,
    after       TEXT,
    hash        BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX audit_entries_of_org ON audit_entries (org_id, sequence);
CREATE INDEX audit_entries_of_object ON audit_entries (org_id, object_id, sequence) WHERE object_id IS NOT NULL;
CREATE INDEX audit_entries_by_age ON audit_entries (occurred_at);

-- The ends of each chain. first_sequence and hash_before change with retention: the chain begins behind them.
CREATE TABLE audit_chains (
    org_id         TEXT    PRIMARY KEY,
    first_sequence INTEGER NOT NULL,
    hash_before    BLOB    NOT NULL,
    last_sequence  INTEGER NOT NULL,
    last_hash      BLOB    NOT NULL
) STRICT;

CREATE TRIGGER audit_entries_stay BEFORE UPDATE ON audit_entries BEGIN
    SELECT RAISE(ABORT, 'an audit entry is never changed');
END;

CREATE TRIGGER audit_entries_are_kept BEFORE DELETE ON audit_entries
WHEN NOT EXISTS (SELECT 1 FROM audit_chains WHERE org_id = OLD.org_id AND first_sequence > OLD.sequence)
    AND NOT EXISTS (SELECT 1 FROM organizations WHERE id = OLD.org_id AND status = 'deleting')
BEGIN
    SELECT RAISE(ABORT, 'an audit entry is only removed by retention');
END;
