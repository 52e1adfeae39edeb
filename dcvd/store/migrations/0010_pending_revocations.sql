-- Tokens of removed connections that their providers are still to be asked to revoke, by the connections' ids. A row is
-- stored in the transaction that removes the connection, and ends once the provider was asked, so that a stop in between
-- leaves no token alive.
CREATE TABLE pending_revocations (
    id           TEXT    PRIMARY KEY,
    org_id       TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    provider     TEXT    NOT NULL CHECK (provider IN ('cloudflare', 'godaddy', 'route53', 'other')),
    token_kind   TEXT    NOT NULL CHECK (token_kind IN ('access_token', 'refresh_token')),
    sealed_token BLOB    NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX pending_revocations_of_org ON pending_revocations (org_id);
CREATE INDEX pending_revocations_by_key ON pending_revocations (substr(sealed_token, 1, 9), id);
