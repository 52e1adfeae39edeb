-- The people of organizations. invite_hash: the SHA-256 of the invitation that can be accepted; it is nowhere in plain.
CREATE TABLE members (
    id                TEXT    PRIMARY KEY,
    org_id            TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    address           TEXT    NOT NULL,
    role              TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    status            TEXT    NOT NULL CHECK (status IN ('invited', 'active', 'suspended')),
    confirmed_at      INTEGER,
    invite_hash       TEXT    UNIQUE,
    invite_expires_at INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    CHECK ((invite_hash IS NULL) = (invite_expires_at IS NULL))
) STRICT;
CREATE INDEX members_of_org ON members (org_id, id);
CREATE UNIQUE INDEX members_of_org_by_address ON members (org_id, address);
CREATE INDEX members_active_owners ON members (org_id) WHERE status = 'active' AND role = 'owner';

-- member_id: whose token it is; NULL for one of the organization itself. It may never do more than the member.
ALTER TABLE api_tokens ADD COLUMN member_id TEXT REFERENCES members (id) ON DELETE CASCADE;
CREATE INDEX api_tokens_of_member ON api_tokens (member_id) WHERE member_id IS NOT NULL;
