-- The ends of a chain tell that an entry is missing, so they are kept as the entries are.
CREATE TRIGGER audit_chains_stay BEFORE DELETE ON audit_chains
WHEN NOT EXISTS (SELECT 1 FROM organizations WHERE id = OLD.org_id AND status = 'deleting')
BEGIN
    SELECT RAISE(ABORT, 'the ends of an audit chain go with their organization alone');
END;

-- An entry moves the last end by one. Retention moves the first end, behind an entry that it is about to remove.
CREATE TRIGGER audit_chains_move BEFORE UPDATE ON audit_chains
WHEN NOT (
    NEW.org_id = OLD.org_id AND NEW.first_sequence = OLD.first_sequence AND NEW.hash_before = OLD.hash_before
    AND NEW.last_sequence = OLD.last_sequence + 1
    OR
    NEW.org_id = OLD.org_id AND NEW.last_sequence = OLD.last_sequence AND NEW.last_hash = OLD.last_hash
    AND NEW.first_sequence > OLD.first_sequence
    AND EXISTS (
        SELECT 1 FROM audit_entries
        WHERE org_id = OLD.org_id AND sequence = NEW.first_sequence - 1 AND hash = NEW.hash_before
    )
)
BEGIN
    SELECT RAISE(ABORT, 'the ends of an audit chain only follow its entries');
END;

-- REPLACE takes out what stands in its way without a DELETE trigger. An upsert counts as an insert here, too.
CREATE TRIGGER audit_chains_begin BEFORE INSERT ON audit_chains
WHEN NEW.first_sequence <> 1 OR NEW.last_sequence <> 1 OR EXISTS (SELECT 1 FROM audit_chains WHERE org_id = NEW.org_id)
BEGIN
    SELECT RAISE(ABORT, 'an audit chain begins with its first entry');
END;

DROP TRIGGER audit_chains_grow;
CREATE TRIGGER audit_chains_grow AFTER INSERT ON audit_entries WHEN NEW.sequence > 1 BEGIN
    UPDATE audit_chains SET last_sequence = NEW.sequence, last_hash = NEW.hash WHERE org_id = NEW.org_id;
END;
CREATE TRIGGER audit_chains_start AFTER INSERT ON audit_entries WHEN NEW.sequence = 1 BEGIN
    INSERT INTO audit_chains (org_id, first_sequence, hash_before, last_sequence, last_hash)
    VALUES (NEW.org_id, 1, zeroblob(32), 1, NEW.hash);
END;
