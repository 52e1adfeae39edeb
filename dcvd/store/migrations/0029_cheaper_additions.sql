-- The entries of a domain lie together, in their order; those that are past their retention are found by organization.
-- The columns of the key come first: else SQLite 3.40 takes the rows of a table without rowids for damaged.
CREATE TABLE new_timeline (
    domain_id TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    kind      INTEGER NOT NULL CHECK (kind IN (0, 1, 2)),
    id        TEXT    NOT NULL,
    org_id    TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    actor     TEXT    NOT NULL,
    data      TEXT    NOT NULL,
    PRIMARY KEY (domain_id, at, kind, id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_timeline SELECT domain_id, at, kind, id, org_id, actor, data FROM timeline
ORDER BY domain_id, at, kind, id;
DROP TABLE timeline;
ALTER TABLE new_timeline RENAME TO timeline;
CREATE INDEX timeline_of_org ON timeline (org_id, at);

-- Whoever adds a claim has counted the others on its name, and tells them with it: a trigger would count once more.
DROP TRIGGER domains_contested_by_addition;
