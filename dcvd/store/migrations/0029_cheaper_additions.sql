-- The entries of a domain lie together, in their order; those that are past their retention are found by organization.
CREATE TABLE new_timeline (
    id        TEXT    NOT NULL,
    org_id    TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    domain_id TEXT    NOT NULL,
    kind      INTEGER NOT NULL CHECK (kind IN (0, 1, 2)),
    actor     TEXT    NOT NULL,
    data      TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (domain_id, at, kind, id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_timeline
SELECT id, org_id, domain_id, kind, actor, data, at FROM timeline ORDER BY domain_id, at, kind, id;
DROP TABLE timeline;
ALTER TABLE new_timeline RENAME TO timeline;
CREATE INDEX timeline_of_org ON timeline (org_id, at);

-- Whoever adds a claim has counted the others on its name, and tells them with it: a trigger would count once more.
DROP TRIGGER domains_contested_by_addition;
