-- What tenants attach to their domains: an id of their own, which several domains may share, and labels.

ALTER TABLE domains ADD COLUMN external_id TEXT;
ALTER TABLE domains ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
CREATE INDEX domains_of_org_by_external_id ON domains (org_id, external_id, id) WHERE external_id IS NOT NULL;

-- The labels of `domains.labels` one by one, by which lists are filtered; triggers keep them.
CREATE TABLE domain_labels (
    domain_id TEXT NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
    key       TEXT NOT NULL,
    org_id    TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    value     TEXT NOT NULL,
    PRIMARY KEY (domain_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX domain_labels_of_org ON domain_labels (org_id, key, value, domain_id);

CREATE TRIGGER domain_labels_by_addition AFTER INSERT ON domains
WHEN new.labels <> '{}' BEGIN
    INSERT INTO domain_labels (domain_id, key, org_id, value)
        SELECT new.id, json_each.key, new.org_id, json_each.value FROM json_each(new.labels);
END;
CREATE TRIGGER domain_labels_by_change AFTER UPDATE OF labels ON domains
WHEN new.labels <> old.labels BEGIN
    DELETE FROM domain_labels WHERE domain_id = new.id;
    INSERT INTO domain_labels (domain_id, key, org_id, value)
        SELECT new.id, json_each.key, new.org_id, json_each.value FROM json_each(new.labels);
END;
