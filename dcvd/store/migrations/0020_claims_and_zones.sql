-- A domain is one organization's claim on a name: several may claim it, and at most one holds it, by a proof. Zones are
-- proved as a whole. The table is made anew, because `name` was UNIQUE in it.

-- contested: whether there is another claim on the name; triggers keep it.
-- own_target: whether `cname_target` was made for this claim alone.
-- proof: how the organization has shown that the name is its to use; NULL for a claim that is not proved.
-- dormant_since: from when on an unproved claim has no hostname at Cloudflare, beside its status.
-- unproved_for: how long checks have found it unproved (milliseconds): the clock alone makes no claim dormant.
CREATE TABLE new_domains (
    id                         TEXT    PRIMARY KEY,
    org_id                     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name                       TEXT    NOT NULL,
    contested                  INTEGER NOT NULL DEFAULT 0 CHECK (contested IN (0, 1)),
    registrable                TEXT    NOT NULL,
    status                     TEXT    NOT NULL CHECK (status IN ('pending_cname', 'issuing', 'active', 'error')),
    error_code                 TEXT,
    error_message              TEXT,
    cname_target               TEXT    NOT NULL,
    own_target                 INTEGER NOT NULL DEFAULT 0 CHECK (own_target IN (0, 1)),
    proof                      TEXT    CHECK (proof IN ('shared_cname', 'own_target', 'txt', 'zone', 'operator')),
    proved_at                  INTEGER,
    dormant_since              INTEGER,
    unproved_for               INTEGER NOT NULL DEFAULT 0,
    validation                 TEXT    NOT NULL DEFAULT 'http' CHECK (validation IN ('http', 'delegated')),
    wildcard                   INTEGER NOT NULL DEFAULT 0 CHECK (wildcard IN (0, 1)),
    challenge_target           TEXT,
    challenge_verified         INTEGER NOT NULL DEFAULT 0 CHECK (challenge_verified IN (0, 1)),
    connection_id              TEXT    REFERENCES oauth_connections (id) ON DELETE SET NULL,
    wants_txt                  INTEGER NOT NULL DEFAULT 0 CHECK (wants_txt IN (0, 1)),
    certificate_authority      TEXT,
    cf_id                      TEXT,
    cf_status                  TEXT,
    cf_ssl_status              TEXT,
    cf_errors                  TEXT    NOT NULL DEFAULT '[]',
    cf_ssl_errors              TEXT    NOT NULL DEFAULT '[]',
    cf_differences             TEXT    NOT NULL DEFAULT '[]',
    certificate_serial         TEXT,
    certificate_issuer         TEXT,
    certificate_issued_at      INTEGER,
    expires_at                 INTEGER,
    next_certificate_serial    TEXT,
    next_certificate_issuer    TEXT,
    next_certificate_issued_at INTEGER,
    next_certificate_expires_at INTEGER,
    latest_expiry              INTEGER,
    renewal_overdue_at         INTEGER,
    expiry_warnings            TEXT    NOT NULL DEFAULT '[]',
    dns_state                  TEXT    NOT NULL CHECK (dns_state IN ('unknown', 'verified', 'unverifiable', 'failed')),
    dns_failures               INTEGER NOT NULL DEFAULT 0,
    dns_settles_at             INTEGER,
    doubts                     INTEGER NOT NULL DEFAULT 0,
    findings                   TEXT    NOT NULL DEFAULT '[]',
    looks                      INTEGER NOT NULL DEFAULT 0,
    misses                     INTEGER NOT NULL DEFAULT 0,
    heals                      INTEGER NOT NULL DEFAULT 0,
    healed_at                  INTEGER,
    dns_checked_at             INTEGER,
    cf_checked_at              INTEGER,
    lane                       INTEGER NOT NULL DEFAULT 0 CHECK (lane IN (0, 1, 2)),
    next_sync_at               INTEGER NOT NULL,
    created_at                 INTEGER NOT NULL,
    updated_at                 INTEGER NOT NULL,
    CHECK ((proof IS NULL) = (proved_at IS NULL)),
    CHECK (dormant_since IS NULL OR proof IS NULL)
) STRICT;
INSERT INTO new_domains (
    id, org_id, name, registrable, status, error_code, error_message, cname_target, validation, wildcard,
    challenge_target, challenge_verified, connection_id, wants_txt, certificate_authority, cf_id, cf_status,
    cf_ssl_status, cf_errors, cf_ssl_errors, cf_differences, certificate_serial, certificate_issuer,
    certificate_issued_at, expires_at, next_certificate_serial, next_certificate_issuer, next_certificate_issued_at,
    next_certificate_expires_at, latest_expiry, renewal_overdue_at, expiry_warnings, dns_state, dns_failures,
    dns_settles_at, doubts, findings, looks, misses, heals, healed_at, dns_checked_at, cf_checked_at, lane,
    next_sync_at, created_at, updated_at, own_target, proof, proved_at)
SELECT
    id, org_id, name, registrable, status, error_code, error_message, cname_target, validation, wildcard,
    challenge_target, challenge_verified, connection_id, wants_txt, certificate_authority, cf_id, cf_status,
    cf_ssl_status, cf_errors, cf_ssl_errors, cf_differences, certificate_serial, certificate_issuer,
    certificate_issued_at, expires_at, next_certificate_serial, next_certificate_issuer, next_certificate_issued_at,
    next_certificate_expires_at, latest_expiry, renewal_overdue_at, expiry_warnings, dns_state, dns_failures,
    dns_settles_at, doubts, findings, looks, misses, heals, healed_at, dns_checked_at, cf_checked_at, lane,
    next_sync_at, created_at, updated_at, is_own, iif(is_proved, iif(is_own, 'own_target', 'shared_cname'), NULL),
    iif(is_proved, updated_at, NULL)
FROM (
    SELECT *,
        status IN ('issuing', 'active')
            OR (dns_state IN ('verified', 'unverifiable') AND cf_status IN ('active', 'active_redeploying')) AS is_proved,
        -- A target that was made from `{token}` begins with 16 characters of base 32, and nobody else has it.
        cname_target IN (
            SELECT cname_target FROM domains WHERE instr(cname_target, '.') = 17
                AND substr(cname_target, 1, 16) NOT GLOB '*[^a-z2-7]*'
            GROUP BY cname_target HAVING count(*) = 1) AS is_own
    FROM domains);
DROP TABLE domains;
ALTER TABLE new_domains RENAME TO domains;

CREATE INDEX domains_of_org ON domains (org_id, id);
CREATE INDEX domains_of_org_by_status ON domains (org_id, status, id);
CREATE UNIQUE INDEX domains_of_org_by_name ON domains (org_id, name);
CREATE INDEX domains_of_org_by_registrable ON domains (org_id, registrable, name);
CREATE INDEX domains_of_org_dormant ON domains (org_id, id) WHERE dormant_since IS NOT NULL;
CREATE INDEX domains_by_name ON domains (name);
CREATE UNIQUE INDEX domains_holding_name ON domains (name) WHERE proof IS NOT NULL;
CREATE UNIQUE INDEX domains_by_cloudflare_id ON domains (cf_id) WHERE cf_id IS NOT NULL;
CREATE INDEX domains_due ON domains (lane, next_sync_at);
CREATE INDEX domains_overdue ON domains (renewal_overdue_at) WHERE renewal_overdue_at IS NOT NULL;
CREATE INDEX domains_of_connection ON domains (connection_id) WHERE connection_id IS NOT NULL;

CREATE TRIGGER domains_contested_by_addition AFTER INSERT ON domains
WHEN EXISTS (SELECT 1 FROM domains AS rival WHERE rival.name = new.name AND rival.id <> new.id) BEGIN
    UPDATE domains SET contested = 1 WHERE name = new.name;
END;
-- Whatever removes a claim, also the removal of its organization, leaves the last one uncontested.
CREATE TRIGGER domains_contested_until_removal AFTER DELETE ON domains
WHEN old.contested = 1 BEGIN
    UPDATE domains SET contested = 0 WHERE name = old.name AND NOT EXISTS (
        SELECT 1 FROM domains AS rival WHERE rival.name = old.name AND rival.id <> domains.id);
END;

-- Zones that organizations have claimed as a whole: the names at and below a proved one are its organization's to add.
-- unproved_for: how long checks have found it unproved (milliseconds). settled_name: after a proof, how far the claims of
-- its organization on names in it have been proved too; NULL when all are.
CREATE TABLE zones (
    id            TEXT    PRIMARY KEY,
    org_id        TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    status        TEXT    NOT NULL CHECK (status IN ('pending', 'proved', 'held', 'expired')),
    proved_at     INTEGER,
    settled_name  TEXT,
    checks        INTEGER NOT NULL DEFAULT 0,
    unproved_for  INTEGER NOT NULL DEFAULT 0,
    checked_at    INTEGER,
    next_check_at INTEGER,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    CHECK ((status = 'proved') = (proved_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX zones_of_org_by_name ON zones (org_id, name);
CREATE INDEX zones_of_org ON zones (org_id, id);
CREATE INDEX zones_proved_of_org ON zones (org_id, name) WHERE status = 'proved';
CREATE UNIQUE INDEX zones_holding_name ON zones (name) WHERE status = 'proved';
CREATE INDEX zones_due ON zones (next_check_at) WHERE next_check_at IS NOT NULL;
