-- Ways of validation, healing, lanes of looks, fair turns of jobs, the timeline, bulk calls that can be repeated.

ALTER TABLE domains ADD COLUMN validation TEXT NOT NULL DEFAULT 'http' CHECK (validation IN ('http', 'delegated'));
ALTER TABLE domains ADD COLUMN wildcard INTEGER NOT NULL DEFAULT 0 CHECK (wildcard IN (0, 1));
ALTER TABLE domains ADD COLUMN challenge_target TEXT;
ALTER TABLE domains ADD COLUMN challenge_verified INTEGER NOT NULL DEFAULT 0 CHECK (challenge_verified IN (0, 1));
ALTER TABLE domains ADD COLUMN wants_txt INTEGER NOT NULL DEFAULT 0 CHECK (wants_txt IN (0, 1));
ALTER TABLE domains ADD COLUMN certificate_authority TEXT;
ALTER TABLE domains ADD COLUMN cf_ssl_errors TEXT NOT NULL DEFAULT '[]';
ALTER TABLE domains ADD COLUMN next_certificate_serial TEXT;
ALTER TABLE domains ADD COLUMN next_certificate_issuer TEXT;
ALTER TABLE domains ADD COLUMN next_certificate_issued_at INTEGER;
ALTER TABLE domains ADD COLUMN next_certificate_expires_at INTEGER;
ALTER TABLE domains ADD COLUMN misses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE domains ADD COLUMN heals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE domains ADD COLUMN healed_at INTEGER;

-- Whose look it is: 0 somebody waits, 1 routine, 2 the last looks could not be made. None may hold up another.
ALTER TABLE domains ADD COLUMN lane INTEGER NOT NULL DEFAULT 0 CHECK (lane IN (0, 1, 2));
UPDATE domains SET lane = 1 WHERE status IN ('active', 'error');
DROP INDEX domains_due;
CREATE INDEX domains_due ON domains (lane, next_sync_at);

-- From when the renewal of the certificate in service is late, by the rule of core/certificates.py.
ALTER TABLE domains ADD COLUMN renewal_overdue_at INTEGER;
UPDATE domains SET renewal_overdue_at = iif(
        certificate_issued_at IS NULL OR certificate_issued_at >= expires_at
            OR expires_at - certificate_issued_at >= 7689600000,
        expires_at - 2592000000 + min(259200000, coalesce(
            iif(certificate_issued_at < expires_at, (expires_at - certificate_issued_at) / 10, NULL), 259200000)),
        expires_at - (expires_at - certificate_issued_at) * 7 / 30
            + min(259200000, (expires_at - certificate_issued_at) / 10))
    WHERE expires_at IS NOT NULL AND status IN ('active', 'error');
CREATE INDEX domains_overdue ON domains (renewal_overdue_at) WHERE renewal_overdue_at IS NOT NULL;

-- Jobs of a kind are taken by their turn: the n-th of one organization comes beside the n-th of every other.
ALTER TABLE jobs ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (kind, turn, id, next_attempt_at) WHERE state = 'pending';
CREATE INDEX jobs_turn_of_org ON jobs (org_id, kind, turn) WHERE state = 'pending';

-- The name below which Cloudflare has challenges of a zone answered: `<uuid>.dcv.cloudflare.com`.
CREATE TABLE cloudflare_zones (
    zone_id           TEXT    PRIMARY KEY,
    delegation_suffix TEXT    NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;

-- What changed a domain and who; it outlives the domain. Events and jobs are told from their own tables.
-- kind: 0 somebody asked for something, 1 something else was seen than before, 2 the domain's status changed by it.
CREATE TABLE timeline (
    id        TEXT    PRIMARY KEY,
    org_id    TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    domain_id TEXT    NOT NULL,
    kind      INTEGER NOT NULL CHECK (kind IN (0, 1, 2)),
    actor     TEXT    NOT NULL,
    data      TEXT    NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX timeline_of_domain ON timeline (domain_id, at, kind, id);
CREATE INDEX timeline_of_org ON timeline (org_id);
CREATE INDEX events_of_domain ON events (domain_id, created_at, sequence) WHERE domain_id IS NOT NULL;
CREATE INDEX jobs_of_domain_by_age ON jobs (domain_id, created_at, id) WHERE domain_id IS NOT NULL;

-- What came of each line of a bulk call with an Idempotency-Key, so that a repeat is answered the same.
CREATE TABLE bulk_lines (
    org_id      TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    key         TEXT    NOT NULL,
    line        INTEGER NOT NULL,
    fingerprint TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, key, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_lines_by_age ON bulk_lines (created_at);
