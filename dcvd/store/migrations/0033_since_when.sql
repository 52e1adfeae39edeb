-- Since when things are as they are, who runs a name's zone, and how lists are searched.

-- cf_changed_at: when what Cloudflare says of the hostname and its certificate last changed.
-- ready_since: since when the domain is ready; NULL where it is not.
-- delegated_at: when DNS last showed that the domain is registered and delegated.
ALTER TABLE domains ADD COLUMN cf_changed_at INTEGER;
ALTER TABLE domains ADD COLUMN ready_since INTEGER;
ALTER TABLE domains ADD COLUMN delegated_at INTEGER;
-- dns_zone, dns_provider: the zone that holds the name, and the name of who runs it, as a check saw them.
ALTER TABLE domains ADD COLUMN dns_zone TEXT;
ALTER TABLE domains ADD COLUMN dns_provider TEXT;
UPDATE domains SET ready_since = updated_at
WHERE status = 'active' AND dns_state IN ('verified', 'unverifiable') AND findings NOT LIKE '%"wildcard_missing"%'
    AND findings NOT LIKE '%"severity":"error"%';

-- Domains that somebody waits for, by when they came to their stage at Cloudflare.
CREATE INDEX domains_at_stage ON domains (cf_changed_at) WHERE lane = 0 AND cf_id IS NOT NULL;
CREATE INDEX domains_of_org_ready ON domains (org_id, id) WHERE ready_since IS NOT NULL;
-- Lists by the expiry of the certificate: domains without one come last.
CREATE INDEX domains_of_org_by_expiry ON domains (org_id, ifnull(expires_at, 9223372036854775807), id);
-- Domains that may have findings.
CREATE INDEX domains_of_org_troubled ON domains (org_id, id) WHERE (
    status <> 'active' OR findings <> '[]' OR cf_errors <> '[]' OR cf_ssl_errors <> '[]' OR cf_differences <> '[]');
