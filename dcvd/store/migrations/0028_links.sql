-- Rights for one domain that travel in a URL. token_hash: the SHA-256 of what the URL holds, which is nowhere in plain.
-- domain_id: NULL for one by which a domain is still to be added. minted_by, member_id: as in api_tokens.
CREATE TABLE links (
    id           TEXT    PRIMARY KEY,
    org_id       TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    purpose      TEXT    NOT NULL CHECK (purpose IN ('setup', 'new')),
    domain_id    TEXT    REFERENCES domains (id) ON DELETE CASCADE,
    return_to    TEXT,
    token_hash   TEXT    NOT NULL UNIQUE,
    minted_by    TEXT,
    member_id    TEXT    REFERENCES members (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    CHECK (purpose = 'new' OR domain_id IS NOT NULL)
) STRICT;
CREATE INDEX links_of_org ON links (org_id, id);
CREATE INDEX links_of_org_by_end ON links (org_id, expires_at);
CREATE INDEX links_of_domain ON links (domain_id, id) WHERE domain_id IS NOT NULL;
CREATE INDEX links_minted_by ON links (minted_by) WHERE minted_by IS NOT NULL;
CREATE INDEX links_of_member ON links (member_id) WHERE member_id IS NOT NULL;
CREATE INDEX links_by_end ON links (expires_at);

-- link_id: the link by which a customer made the connection; no foreign key, for the connection outlives it.
ALTER TABLE oauth_connections ADD COLUMN link_id TEXT;
