-- Lists of the domains of one connection, and of those that are not ready.

CREATE INDEX domains_of_org_by_connection ON domains (org_id, connection_id, id) WHERE connection_id IS NOT NULL;
CREATE INDEX domains_of_org_not_ready ON domains (org_id, id) WHERE ready_since IS NULL;
-- Since when domains are ready, of all organizations.
CREATE INDEX domains_ready_since ON domains (ready_since) WHERE ready_since IS NOT NULL;
