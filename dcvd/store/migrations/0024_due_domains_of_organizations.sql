-- The due domains of one organization, so that those of others get their turn beside any number of them.
CREATE INDEX domains_due_of_org ON domains (lane, org_id, next_sync_at);
