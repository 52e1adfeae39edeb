-- What may run now is an index of its own, so that jobs which wait for their time or for another job cost nothing.

-- ready: whether the time of a pending job has come. blocked: whether it waits for an earlier job about the same name.
ALTER TABLE jobs ADD COLUMN ready INTEGER NOT NULL DEFAULT 1 CHECK (ready IN (0, 1));
ALTER TABLE jobs ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1));
-- Jobs of a kind in one lane belong to one organization and work through one connection, or all through none.
ALTER TABLE jobs ADD COLUMN lane TEXT GENERATED ALWAYS AS (org_id || char(31) || ifnull(connection_id, '')) VIRTUAL;
-- Attempts in a row that failed by an outage; they are not counted in `attempts`, which counted them until now.
ALTER TABLE jobs ADD COLUMN outage_attempts INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET outage_attempts = attempts, attempts = 0 WHERE state = 'pending' AND outage = 1;
UPDATE jobs SET ready = 0 WHERE state = 'pending' AND (attempts > 0 OR outage_attempts > 0);
UPDATE jobs SET blocked = 1 WHERE state = 'pending' AND kind = 'register' AND EXISTS (
    SELECT 1 FROM jobs AS earlier WHERE earlier.domain_name = jobs.domain_name AND earlier.kind = 'deregister'
        AND earlier.state = 'pending');
UPDATE jobs SET blocked = 1 WHERE state = 'pending' AND kind = 'write_dns' AND EXISTS (
    SELECT 1 FROM jobs AS earlier WHERE earlier.domain_name = jobs.domain_name AND earlier.kind = 'write_dns'
        AND earlier.state = 'pending' AND earlier.org_id = jobs.org_id AND earlier.id < jobs.id);

DROP INDEX jobs_after_outage;
ALTER TABLE jobs DROP COLUMN outage;
CREATE INDEX jobs_after_outage ON jobs (last_error_code, next_attempt_at)
    WHERE state = 'pending' AND outage_attempts > 0;
DROP INDEX jobs_due;
CREATE INDEX jobs_ready ON jobs (kind, turn, id) WHERE state = 'pending' AND ready = 1 AND blocked = 0;
CREATE INDEX jobs_ready_by_lane ON jobs (kind, lane, turn, id) WHERE state = 'pending' AND ready = 1 AND blocked = 0;
DROP INDEX jobs_due_next;
CREATE INDEX jobs_not_ready ON jobs (next_attempt_at) WHERE state = 'pending' AND ready = 0;
CREATE INDEX jobs_blocked ON jobs (domain_name) WHERE state = 'pending' AND blocked = 1;
DROP INDEX jobs_turn_of_org;
CREATE INDEX jobs_turn_of_org ON jobs (kind, org_id, turn) WHERE state = 'pending';

-- Whatever ends a job, also the removal of its organization, lets go on what waited for it.
CREATE TRIGGER jobs_unblock_after_end AFTER UPDATE OF state ON jobs
WHEN old.state = 'pending' AND new.state <> 'pending' BEGIN
    UPDATE jobs SET blocked = 0 WHERE domain_name = old.domain_name AND state = 'pending' AND blocked = 1;
END;
CREATE TRIGGER jobs_unblock_after_removal AFTER DELETE ON jobs
WHEN old.state = 'pending' BEGIN
    UPDATE jobs SET blocked = 0 WHERE domain_name = old.domain_name AND state = 'pending' AND blocked = 1;
END;
