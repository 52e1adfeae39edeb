-- What operators list of all organizations together. Each index has few rows, or few writes: the lists of all
-- deliveries, jobs, events and connections go by their keys.
CREATE INDEX deliveries_dead_by_id ON deliveries (id) WHERE state = 'dead';
CREATE INDEX deliveries_cancelled_by_id ON deliveries (id) WHERE state = 'cancelled';
CREATE INDEX jobs_dead_by_id ON jobs (id) WHERE state = 'dead';
CREATE INDEX jobs_dead_by_cause ON jobs (kind, last_error_code, id) WHERE state = 'dead';
CREATE INDEX oauth_connections_refused_by_id ON oauth_connections (id) WHERE status = 'reauth_required';
CREATE INDEX webhook_endpoints_by_url ON webhook_endpoints (url, id);
CREATE INDEX webhook_endpoints_by_name ON webhook_endpoints (name, id) WHERE name IS NOT NULL;
-- Entries of the audit are listed by their instants. Each filter is judged in the index, and an entry is only put at its
-- end: an index for each filter would be written to in one place each.
CREATE INDEX audit_entries_by_age ON audit_entries (occurred_at, org_id, sequence, actor, action, object_id);
