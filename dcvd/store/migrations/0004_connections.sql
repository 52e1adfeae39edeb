-- Connections to customers' DNS providers, the records written by them, and the vault's values bound to their owner.

-- Made anew: it was empty, the first version knew no connections.
DROP TABLE oauth_connections;

-- encrypted_access_token: sealed; of a connection that is not by OAuth all its credentials, as JSON.
-- version: counts changes of the credentials; whoever changes them compares it first.
CREATE TABLE oauth_connections (
    id                      TEXT    PRIMARY KEY,
    org_id                  TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    provider                TEXT    NOT NULL CHECK (provider IN ('cloudflare', 'godaddy', 'route53', 'other')),
    method                  TEXT    NOT NULL,
    status                  TEXT    NOT NULL CHECK (status IN ('active', 'reauth_required')),
    account                 TEXT,
    scopes                  TEXT    NOT NULL DEFAULT '[]',
    encrypted_access_token  BLOB    NOT NULL,
    encrypted_refresh_token BLOB,
    version                 INTEGER NOT NULL DEFAULT 1,
    expires_at              INTEGER,
    refresh_at              INTEGER,
    last_used_at            INTEGER,
    last_error_code         TEXT,
    last_error              TEXT,
    last_error_at           INTEGER,
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL
) STRICT;
CREATE INDEX oauth_connections_of_org ON oauth_connections (org_id, id);
CREATE INDEX oauth_connections_to_refresh ON oauth_connections (refresh_at) WHERE refresh_at IS NOT NULL;
CREATE INDEX oauth_connections_to_end ON oauth_connections (expires_at)
    WHERE status = 'active' AND refresh_at IS NULL AND expires_at IS NOT NULL;
CREATE INDEX oauth_connections_by_status ON oauth_connections (provider, status);

-- One row for each authorization that was begun; the state itself is nowhere, only its SHA-256.
CREATE TABLE oauth_states (
    state_hash      BLOB    PRIMARY KEY,
    org_id          TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    token_id        TEXT    NOT NULL,
    provider        TEXT    NOT NULL,
    redirect_uri    TEXT    NOT NULL,
    return_to       TEXT,
    sealed_verifier BLOB    NOT NULL,
    scopes          TEXT    NOT NULL,
    issuer          TEXT,
    issuer_required INTEGER NOT NULL DEFAULT 0 CHECK (issuer_required IN (0, 1)),
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    used_at         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_states_by_end ON oauth_states (expires_at);
CREATE INDEX oauth_states_of_org ON oauth_states (org_id, expires_at);

-- What is sealed, by its head (version and key id): which keys it needs, and what another key than the present sealed.
CREATE INDEX webhook_secrets_by_key ON webhook_secrets (substr(sealed, 1, 9), id) WHERE sealed IS NOT NULL;
CREATE INDEX webhook_endpoints_by_key ON webhook_endpoints (substr(sealed_headers, 1, 9), id)
    WHERE sealed_headers IS NOT NULL;
CREATE INDEX oauth_connections_by_access_key ON oauth_connections (substr(encrypted_access_token, 1, 9), id);
CREATE INDEX oauth_connections_by_refresh_key ON oauth_connections (substr(encrypted_refresh_token, 1, 9), id)
    WHERE encrypted_refresh_token IS NOT NULL;
CREATE INDEX oauth_states_by_key ON oauth_states (substr(sealed_verifier, 1, 9));

-- active_since: when this key began to seal; the present one is the one with the latest.
ALTER TABLE vault_keys ADD COLUMN active_since INTEGER NOT NULL DEFAULT 0;
UPDATE vault_keys SET active_since = created_at;

-- ExternalIds that we gave an organization for a role of its own at AWS; each opens one connection.
CREATE TABLE aws_external_ids (
    external_id TEXT    PRIMARY KEY,
    org_id      TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    used_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX aws_external_ids_by_end ON aws_external_ids (expires_at);
CREATE INDEX aws_external_ids_of_org ON aws_external_ids (org_id, expires_at);

-- The records that we wrote; a row outlives its domain only while a job has what we wrote taken out of DNS.
-- state: `writing` and `undoing` are stored before the provider is asked, so that a crash loses no value of `before`.
-- replaced: the value of ours that stood there until `value` was to be written; NULL where there was none, or it is gone.
-- before: what stood there before us, as JSON, for the undo; [] for nothing.
-- orphaned_at: when its domain was removed.
CREATE TABLE written_records (
    id            TEXT    PRIMARY KEY,
    org_id        TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    domain_id     TEXT    NOT NULL,
    connection_id TEXT    REFERENCES oauth_connections (id) ON DELETE SET NULL,
    zone          TEXT    NOT NULL,
    type          TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    value         TEXT    NOT NULL,
    replaced      TEXT,
    before        TEXT    NOT NULL DEFAULT '[]',
    state         TEXT    NOT NULL CHECK (state IN ('writing', 'written', 'undoing')),
    written_at    INTEGER NOT NULL,
    orphaned_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX written_records_of_domain ON written_records (domain_id, name, type);
CREATE INDEX written_records_of_connection ON written_records (connection_id);
CREATE INDEX written_records_of_org ON written_records (org_id);
CREATE INDEX written_records_orphaned ON written_records (orphaned_at) WHERE orphaned_at IS NOT NULL;

ALTER TABLE domains ADD COLUMN connection_id TEXT REFERENCES oauth_connections (id) ON DELETE SET NULL;
CREATE INDEX domains_of_connection ON domains (connection_id) WHERE connection_id IS NOT NULL;

ALTER TABLE jobs ADD COLUMN connection_id TEXT;
ALTER TABLE jobs ADD COLUMN dns_write TEXT;
CREATE INDEX jobs_of_connection ON jobs (connection_id, kind) WHERE state = 'pending' AND connection_id IS NOT NULL;
