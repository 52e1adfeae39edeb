-- Deliveries in the order of each domain's events, endpoints with a health, secrets that can be sealed and rotated.

-- Which keys open what is sealed in this file, and in every copy of it.
CREATE TABLE vault_keys (
    key_id     TEXT    PRIMARY KEY,
    source     TEXT    NOT NULL,
    salt       BLOB,
    created_at INTEGER NOT NULL
) STRICT;

-- Made anew rather than altered, so that no page of the old table stays, in whose gaps secrets may have been left.
CREATE TABLE new_webhook_endpoints (
    id              TEXT    PRIMARY KEY,
    org_id          TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    url             TEXT    NOT NULL,
    events          TEXT    NOT NULL,
    max_per_second  INTEGER,
    header_names    TEXT    NOT NULL DEFAULT '[]',
    sealed_headers  BLOB,
    health          TEXT    NOT NULL DEFAULT 'healthy' CHECK (health IN ('healthy', 'failing', 'disabled')),
    disabled_reason TEXT,
    failures        INTEGER NOT NULL DEFAULT 0,
    failing_since   INTEGER,
    last_error      TEXT,
    pauses          INTEGER NOT NULL DEFAULT 0,
    paused_until    INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
INSERT INTO new_webhook_endpoints (id, org_id, url, events, health, disabled_reason, created_at, updated_at)
    SELECT id, org_id, url, events, iif(enabled, 'healthy', 'disabled'), iif(enabled, NULL, 'manual'), created_at,
           updated_at
    FROM webhook_endpoints;

-- A row is plain only until the daemon's next start, which has the key.
CREATE TABLE webhook_secrets (
    id          TEXT    PRIMARY KEY,
    endpoint_id TEXT    NOT NULL REFERENCES new_webhook_endpoints (id) ON DELETE CASCADE,
    plain       TEXT,
    sealed      BLOB,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER,
    CHECK ((plain IS NULL) <> (sealed IS NULL))
) STRICT;
INSERT INTO webhook_secrets (id, endpoint_id, plain, created_at)
    SELECT 'sec' || substr(id, 3), id, secret, created_at FROM webhook_endpoints;
CREATE UNIQUE INDEX webhook_secrets_present ON webhook_secrets (endpoint_id) WHERE expires_at IS NULL;
CREATE INDEX webhook_secrets_of_endpoint ON webhook_secrets (endpoint_id, created_at);
CREATE INDEX webhook_secrets_expiring ON webhook_secrets (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX webhook_secrets_plain ON webhook_secrets (id) WHERE plain IS NOT NULL;

ALTER TABLE events ADD COLUMN expires_at INTEGER;
DROP INDEX events_by_age;
CREATE INDEX events_of_org_by_age ON events (org_id, created_at, sequence);

-- Up to this number events are past their retention. Some of them may outlive it, for a delivery that needs them.
ALTER TABLE organizations ADD COLUMN forgotten_sequence INTEGER NOT NULL DEFAULT 0;
UPDATE organizations SET forgotten_sequence = coalesce((
    SELECT max(e.sequence) - 1 FROM events e WHERE e.org_id = organizations.id AND NOT EXISTS (
        SELECT 1 FROM events p WHERE p.org_id = e.org_id AND p.sequence = e.sequence - 1)), last_sequence);

-- next_attempt_at is NULL when a delivery has ended, and while it waits behind an earlier event of its domain.
CREATE TABLE new_deliveries (
    id              TEXT    PRIMARY KEY,
    org_id          TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    endpoint_id     TEXT    NOT NULL REFERENCES new_webhook_endpoints (id) ON DELETE CASCADE,
    event_id        TEXT    NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    event_type      TEXT    NOT NULL,
    domain_id       TEXT,
    sequence        INTEGER NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'dead', 'dropped')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    attempts_before INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    last_error      TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CHECK (state = 'pending' OR next_attempt_at IS NULL)
) STRICT;
INSERT INTO new_deliveries
    SELECT d.id, d.org_id, d.endpoint_id, d.event_id, e.type, e.domain_id, e.sequence, d.state, d.attempts, 0,
           d.next_attempt_at, d.last_error, d.created_at, d.updated_at
    FROM deliveries d JOIN events e ON e.id = d.event_id;

CREATE TABLE new_attempts (
    delivery_id     TEXT    NOT NULL REFERENCES new_deliveries (id) ON DELETE CASCADE,
    number          INTEGER NOT NULL,
    started_at      INTEGER NOT NULL,
    dns_ms          INTEGER,
    connect_ms      INTEGER,
    tls_ms          INTEGER,
    first_byte_ms   INTEGER,
    total_ms        INTEGER NOT NULL,
    outcome         TEXT    NOT NULL,
    reason          TEXT,
    status_code     INTEGER,
    error           TEXT,
    headers         TEXT    NOT NULL DEFAULT '{}',
    response        BLOB    NOT NULL,
    remote_ip       TEXT,
    next_attempt_at INTEGER,
    next_reason     TEXT,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;
INSERT INTO new_attempts (delivery_id, number, started_at, total_ms, outcome, status_code, error, response, remote_ip)
    SELECT delivery_id, number, started_at, duration_ms, outcome, status_code, error, response, remote_ip FROM attempts;

-- The child goes first: dropping a parent deletes its rows, and a cascade would follow them.
DROP TABLE attempts;
DROP TABLE deliveries;
DROP TABLE webhook_endpoints;
ALTER TABLE new_webhook_endpoints RENAME TO webhook_endpoints;
ALTER TABLE new_deliveries RENAME TO deliveries;
ALTER TABLE new_attempts RENAME TO attempts;

CREATE INDEX webhook_endpoints_of_org ON webhook_endpoints (org_id, id);
CREATE INDEX webhook_endpoints_paused ON webhook_endpoints (paused_until) WHERE paused_until IS NOT NULL;
CREATE INDEX webhook_endpoints_by_health ON webhook_endpoints (health, id);

-- Of several pending events of one domain only the first is due.
CREATE INDEX deliveries_pending ON deliveries (domain_id, endpoint_id, sequence)
    WHERE state = 'pending' AND domain_id IS NOT NULL;
CREATE INDEX deliveries_waiting ON deliveries (endpoint_id, id) WHERE state = 'pending' AND next_attempt_at IS NULL;
UPDATE deliveries SET next_attempt_at = NULL WHERE state = 'pending' AND domain_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM deliveries earlier WHERE earlier.endpoint_id = deliveries.endpoint_id
    AND earlier.domain_id = deliveries.domain_id AND earlier.state = 'pending'
    AND earlier.sequence < deliveries.sequence);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
-- A success writes to none of these: an index of every state would be written to twice for each delivery.
CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint_id, id);
CREATE INDEX deliveries_dead_of_endpoint ON deliveries (endpoint_id, id) WHERE state = 'dead';
CREATE INDEX deliveries_of_org ON deliveries (org_id, id);
CREATE INDEX deliveries_dead ON deliveries (org_id, id) WHERE state = 'dead';
CREATE INDEX deliveries_of_domain ON deliveries (domain_id, id) WHERE domain_id IS NOT NULL;
CREATE UNIQUE INDEX deliveries_of_event ON deliveries (event_id, endpoint_id);

-- Attempts counted by five minutes, by success and by class of latency.
CREATE TABLE endpoint_rates (
    endpoint_id TEXT    NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    started     INTEGER NOT NULL,
    delivered   INTEGER NOT NULL CHECK (delivered IN (0, 1)),
    latency     INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    PRIMARY KEY (endpoint_id, started, delivered, latency)
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoint_rates_by_age ON endpoint_rates (started);

-- What a replay is to send, and how far it has come, as JSON.
ALTER TABLE jobs ADD COLUMN replay TEXT;
