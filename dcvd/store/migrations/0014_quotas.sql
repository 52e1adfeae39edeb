-- quotas: JSON, only those in which the organization differs from the configuration. remembered_…: what bulk_lines holds
-- of it, counted by triggers: to count a million lines for each step of a bulk call would take longer than the step.
ALTER TABLE organizations ADD COLUMN quotas TEXT;
ALTER TABLE organizations ADD COLUMN remembered_lines INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN remembered_bytes INTEGER NOT NULL DEFAULT 0;

UPDATE organizations SET (remembered_lines, remembered_bytes) = (
    SELECT count(*), coalesce(sum(length(key) + length(fingerprint) + length(outcome)), 0)
    FROM bulk_lines WHERE org_id = organizations.id
);

CREATE TRIGGER bulk_lines_remembered AFTER INSERT ON bulk_lines BEGIN
    UPDATE organizations SET
        remembered_lines = remembered_lines + 1,
        remembered_bytes = remembered_bytes + length(NEW.key) + length(NEW.fingerprint) + length(NEW.outcome)
    WHERE id = NEW.org_id;
END;

CREATE TRIGGER bulk_lines_forgotten AFTER DELETE ON bulk_lines BEGIN
    UPDATE organizations SET
        remembered_lines = remembered_lines - 1,
        remembered_bytes = remembered_bytes - length(OLD.key) - length(OLD.fingerprint) - length(OLD.outcome)
    WHERE id = OLD.org_id;
END;

-- Whether an organization may have another token is asked of those that have not expired.
CREATE INDEX api_tokens_of_org_by_expiry ON api_tokens (org_id, expires_at);
