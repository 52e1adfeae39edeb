-- A refresh whose job became a dead letter is not due again at once: whoever looks for refreshes finds its death here.
CREATE INDEX dead_jobs_of_connection ON jobs (connection_id, kind, updated_at)
    WHERE state = 'dead' AND connection_id IS NOT NULL;
