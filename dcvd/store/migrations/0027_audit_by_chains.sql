-- The entries of a chain lie together, in their order: an append then writes to one place, not to one for each index.
-- Whoever looks for an actor, an action or an object reads the chain.
CREATE TABLE new_audit_entries (
    id          TEXT    NOT NULL,
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
    hash        BLOB    NOT NULL,
    PRIMARY KEY (org_id, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO new_audit_entries
SELECT id, org_id, sequence, occurred_at, actor, action, object_id, address, request_id, before, after, hash
FROM audit_entries ORDER BY org_id, sequence;
DROP TABLE audit_entries;
ALTER TABLE new_audit_entries RENAME TO audit_entries;

CREATE TABLE new_audit_chains (
    org_id         TEXT    PRIMARY KEY,
    first_sequence INTEGER NOT NULL,
    hash_before    BLOB    NOT NULL,
    last_sequence  INTEGER NOT NULL,
    last_hash      BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO new_audit_chains SELECT org_id, first_sequence, hash_before, last_sequence, last_hash FROM audit_chains;
DROP TABLE audit_chains;
ALTER TABLE new_audit_chains RENAME TO audit_chains;

-- An entry is only ever put behind the last one. REPLACE takes out what stands in its way without a DELETE trigger.
CREATE TRIGGER audit_entries_are_appended BEFORE INSERT ON audit_entries
WHEN NEW.sequence <> ifnull((SELECT last_sequence FROM audit_chains WHERE org_id = NEW.org_id), 0) + 1 BEGIN
    SELECT RAISE(ABORT, 'an audit entry is only put behind the last one of its chain');
END;

CREATE TRIGGER audit_chains_grow AFTER INSERT ON audit_entries BEGIN
    INSERT INTO audit_chains (org_id, first_sequence, hash_before, last_sequence, last_hash)
    VALUES (NEW.org_id, 1, zeroblob(32), NEW.sequence, NEW.hash)
    ON CONFLICT (org_id) DO UPDATE SET last_sequence = NEW.sequence, last_hash = NEW.hash;
END;

CREATE TRIGGER audit_entries_stay BEFORE UPDATE ON audit_entries BEGIN
    SELECT RAISE(ABORT, 'an audit entry is never changed');
END;

CREATE TRIGGER audit_entries_are_kept BEFORE DELETE ON audit_entries
WHEN NOT EXISTS (SELECT 1 FROM audit_chains WHERE org_id = OLD.org_id AND first_sequence > OLD.sequence)
    AND NOT EXISTS (SELECT 1 FROM organizations WHERE id = OLD.org_id AND status = 'deleting')
BEGIN
    SELECT RAISE(ABORT, 'an audit entry is only removed by retention');
END;

-- A domain has few jobs: the index of its jobs by age serves those who look for some of a kind, too.
DROP INDEX jobs_of_domain;
