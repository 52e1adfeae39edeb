-- What a job of a kind needs is one column for all kinds; the removal of its domain ends a job by what its row says.

-- payload: JSON, as the kind declares it.
ALTER TABLE jobs ADD COLUMN payload TEXT NOT NULL DEFAULT '{}';
ALTER TABLE jobs ADD COLUMN ends_with_domain INTEGER NOT NULL DEFAULT 0 CHECK (ends_with_domain IN (0, 1));
UPDATE jobs SET payload = json_object('cf_id', cf_id) WHERE kind = 'deregister';
UPDATE jobs SET payload = replay WHERE replay IS NOT NULL;
UPDATE jobs SET payload = dns_write WHERE dns_write IS NOT NULL;
UPDATE jobs SET ends_with_domain = 1 WHERE kind IN ('register', 'revalidate', 'write_dns');
ALTER TABLE jobs DROP COLUMN cf_id;
ALTER TABLE jobs DROP COLUMN replay;
ALTER TABLE jobs DROP COLUMN dns_write;
