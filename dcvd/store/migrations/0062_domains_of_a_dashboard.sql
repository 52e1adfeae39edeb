-- What the dashboard of an organization lists and counts: its domains that broke, and those that wait for somebody.

CREATE INDEX domains_of_org_broken ON domains (org_id, broken_since) WHERE broken_since IS NOT NULL;
CREATE INDEX domains_of_org_awaited ON domains (org_id, waits_for, id) WHERE waits_for IS NOT NULL;
