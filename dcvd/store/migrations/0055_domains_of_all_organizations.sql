-- Lists of the domains of all organizations, as operators read them.

-- Several organizations may claim one name, so that the name alone is no place in a list.
DROP INDEX domains_by_name;
CREATE INDEX domains_by_name ON domains (name, id);
CREATE INDEX domains_by_expiry ON domains (ifnull(expires_at, 9223372036854775807), id);
CREATE INDEX domains_not_ready ON domains (id) WHERE ready_since IS NULL;
-- Domains that may have findings.
CREATE INDEX domains_troubled ON domains (id) WHERE (
    status <> 'active' OR findings <> '[]' OR cf_errors <> '[]' OR cf_ssl_errors <> '[]' OR cf_differences <> '[]');
CREATE INDEX domain_labels_by_value ON domain_labels (key, value, domain_id);
