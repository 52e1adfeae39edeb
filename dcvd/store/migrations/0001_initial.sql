-- Instants are INTEGER milliseconds since the epoch, UTC. JSON columns hold what is only shown, never searched.

CREATE TABLE organizations (
    id            TEXT    PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    last_sequence INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE api_tokens (
    id           TEXT    PRIMARY KEY,
    org_id       TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    role         TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    token_hash   TEXT    NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE INDEX api_tokens_of_org ON api_tokens (org_id, id);
CREATE INDEX api_tokens_expiring ON api_tokens (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE domains (
    id                    TEXT    PRIMARY KEY,
    org_id                TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name                  TEXT    NOT NULL UNIQUE,
    registrable           TEXT    NOT NULL,
    status                TEXT    NOT NULL CHECK (status IN ('pending_cname', 'issuing', 'active', 'error')),
    error_code            TEXT,
    error_message         TEXT,
    cname_target          TEXT    NOT NULL,
    cf_id                 TEXT,
    cf_status             TEXT,
    cf_ssl_status         TEXT,
    cf_errors             TEXT    NOT NULL DEFAULT '[]',
    certificate_serial    TEXT,
    certificate_issuer    TEXT,
    certificate_issued_at INTEGER,
    expires_at            INTEGER,
    latest_expiry         INTEGER,
    warned_for            INTEGER,
    warned_level          INTEGER NOT NULL DEFAULT 0,
    dns_state             TEXT    NOT NULL CHECK (dns_state IN ('unknown', 'verified', 'unverifiable', 'failed')),
    dns_failures          INTEGER NOT NULL DEFAULT 0,
    doubts                INTEGER NOT NULL DEFAULT 0,
    findings              TEXT    NOT NULL DEFAULT '[]',
    looks                 INTEGER NOT NULL DEFAULT 0,
    dns_checked_at        INTEGER,
    cf_checked_at         INTEGER,
    next_sync_at          INTEGER NOT NULL,
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL
) STRICT;
CREATE INDEX domains_of_org ON domains (org_id, id);
CREATE INDEX domains_of_org_by_status ON domains (org_id, status, id);
CREATE INDEX domains_of_org_by_name ON domains (org_id, name);
CREATE INDEX domains_of_org_by_registrable ON domains (org_id, registrable, name);
CREATE INDEX domains_due ON domains (next_sync_at);
CREATE UNIQUE INDEX domains_by_cloudflare_id ON domains (cf_id) WHERE cf_id IS NOT NULL;

-- Events outlive their domain, so domain_id is no foreign key.
CREATE TABLE events (
    id         TEXT    PRIMARY KEY,
    org_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    sequence   INTEGER NOT NULL,
    type       TEXT    NOT NULL,
    domain_id  TEXT,
    body       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (org_id, sequence)
) STRICT;
CREATE INDEX events_by_age ON events (created_at);

CREATE TABLE webhook_endpoints (
    id         TEXT    PRIMARY KEY,
    org_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    url        TEXT    NOT NULL,
    secret     TEXT    NOT NULL,
    events     TEXT    NOT NULL,
    enabled    INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_endpoints_of_org ON webhook_endpoints (org_id, id);

CREATE TABLE deliveries (
    id              TEXT    PRIMARY KEY,
    org_id          TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    endpoint_id     TEXT    NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event_id        TEXT    NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    last_error      TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL))
) STRICT;
CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE state = 'pending';
CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint_id, id);
CREATE INDEX deliveries_of_event ON deliveries (event_id);
CREATE INDEX deliveries_of_org ON deliveries (org_id);
CREATE INDEX deliveries_ended ON deliveries (state, updated_at) WHERE state <> 'pending';

CREATE TABLE attempts (
    delivery_id TEXT    NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    outcome     TEXT    NOT NULL,
    status_code INTEGER,
    error       TEXT,
    response    BLOB    NOT NULL,
    remote_ip   TEXT,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    id              TEXT    PRIMARY KEY,
    org_id          TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'done', 'dead')),
    domain_id       TEXT,
    domain_name     TEXT,
    cf_id           TEXT,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    last_error_code TEXT,
    last_error      TEXT,
    outage          INTEGER NOT NULL DEFAULT 0 CHECK (outage IN (0, 1)),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL))
) STRICT;
CREATE INDEX jobs_due ON jobs (kind, next_attempt_at) WHERE state = 'pending';
CREATE INDEX jobs_due_next ON jobs (next_attempt_at) WHERE state = 'pending';
CREATE INDEX jobs_of_org ON jobs (org_id, id);
CREATE INDEX jobs_of_org_by_state ON jobs (org_id, state, id);
CREATE INDEX jobs_pending_by_name ON jobs (domain_name, kind) WHERE state = 'pending';
CREATE INDEX jobs_after_outage ON jobs (outage) WHERE state = 'pending' AND outage = 1;
CREATE INDEX jobs_ended ON jobs (state, updated_at) WHERE state <> 'pending';
CREATE INDEX jobs_of_domain ON jobs (domain_id, kind);

CREATE TABLE oauth_connections (
    id                      TEXT    PRIMARY KEY,
    org_id                  TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    provider                TEXT    NOT NULL,
    encrypted_access_token  BLOB    NOT NULL,
    encrypted_refresh_token BLOB,
    expires_at              INTEGER,
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL
) STRICT;
CREATE INDEX oauth_connections_of_org ON oauth_connections (org_id, id);
