-- status: whether the organization may use the API. Whoever deletes it step by step finds it by the index.
ALTER TABLE organizations ADD COLUMN status TEXT NOT NULL DEFAULT 'active'
    CHECK (status IN ('active', 'suspended', 'deleting'));
CREATE INDEX organizations_deleting ON organizations (id) WHERE status = 'deleting';
