-- Who has to act for a domain, more exactly than a finding says it: also the tenant, or Cloudflare. And since when it is
-- not ready although it was.

DROP TRIGGER domains_counted_by_addition;
DROP TRIGGER domains_counted_by_change;
DROP TRIGGER domains_counted_by_removal;
DROP TABLE domain_counts;
ALTER TABLE domains DROP COLUMN waits_for;

-- waits_for: NULL where the domain is ready. `find_awaited` of dcvd.core.diagnosis.reason knows more than these rows
-- tell; the next check of each domain stores it.
ALTER TABLE domains ADD COLUMN waits_for TEXT
    CHECK (waits_for IN ('customer', 'tenant', 'operator', 'cloudflare', 'nobody'));
ALTER TABLE domains ADD COLUMN broken_since INTEGER;
UPDATE domains SET
    waits_for = CASE
        WHEN dormant_since IS NOT NULL THEN 'customer'
        WHEN error_code = 'plan_lacks' OR error_code GLOB 'cloudflare_*' THEN 'operator'
        WHEN findings LIKE '%"severity":"error"%' THEN ifnull((
            SELECT json_extract(value, '$.actor') FROM json_each(findings)
            WHERE json_extract(value, '$.severity') = 'error' LIMIT 1), 'operator')
        WHEN error_code IN ('domain_held', 'registration_failed') THEN 'tenant'
        WHEN error_code IN ('certificate_gone', 'certificate_expired', 'deleted') THEN 'cloudflare'
        WHEN error_code = 'hostname_invalid' THEN 'customer'
        WHEN error_code = 'moved' THEN CASE dns_state WHEN 'verified' THEN 'cloudflare' ELSE 'customer' END
        WHEN error_code = 'blocked'
        THEN CASE WHEN cf_errors LIKE '% held%' OR cf_errors LIKE '% hold%' THEN 'customer' ELSE 'operator' END
        WHEN error_code GLOB '*_timed_out' AND error_code <> 'deletion_timed_out'
        THEN CASE WHEN dns_state = 'failed' AND error_code = 'validation_timed_out' THEN 'customer' ELSE 'cloudflare' END
        WHEN status = 'error' THEN 'operator'
        WHEN findings LIKE '%"severity":"warning"%' THEN ifnull((
            SELECT json_extract(value, '$.actor') FROM json_each(findings)
            WHERE json_extract(value, '$.severity') = 'warning' LIMIT 1), 'nobody')
        WHEN dns_state = 'failed' AND status <> 'issuing' THEN 'customer'
        WHEN status = 'active' THEN 'nobody'
        WHEN status = 'issuing' OR dns_state IN ('verified', 'unverifiable') THEN 'cloudflare'
        ELSE 'nobody' END,
    broken_since = CASE
        WHEN latest_expiry IS NOT NULL AND (status = 'error' OR status = 'active' AND dns_state = 'failed')
        THEN updated_at END
WHERE ready_since IS NULL;
CREATE INDEX domains_broken ON domains (broken_since) WHERE broken_since IS NOT NULL;

-- waits_for: '' for domains that are ready. broken: whether they were ready before.
CREATE TABLE domain_counts (
    status    TEXT    NOT NULL,
    waits_for TEXT    NOT NULL,
    broken    INTEGER NOT NULL CHECK (broken IN (0, 1)),
    domains   INTEGER NOT NULL,
    PRIMARY KEY (status, waits_for, broken)
) STRICT, WITHOUT ROWID;
INSERT INTO domain_counts
    SELECT status, ifnull(waits_for, ''), broken_since IS NOT NULL, count(*) FROM domains GROUP BY 1, 2, 3;
CREATE TRIGGER domains_counted_by_addition AFTER INSERT ON domains BEGIN
    INSERT INTO domain_counts VALUES (new.status, ifnull(new.waits_for, ''), new.broken_since IS NOT NULL, 1)
        ON CONFLICT DO UPDATE SET domains = domains + 1;
END;
CREATE TRIGGER domains_counted_by_change AFTER UPDATE OF status, waits_for, broken_since ON domains
WHEN old.status <> new.status OR old.waits_for IS NOT new.waits_for
    OR (old.broken_since IS NULL) <> (new.broken_since IS NULL)
BEGIN
    UPDATE domain_counts SET domains = domains - 1 WHERE status = old.status
        AND waits_for = ifnull(old.waits_for, '') AND broken = (old.broken_since IS NOT NULL);
    INSERT INTO domain_counts VALUES (new.status, ifnull(new.waits_for, ''), new.broken_since IS NOT NULL, 1)
        ON CONFLICT DO UPDATE SET domains = domains + 1;
END;
CREATE TRIGGER domains_counted_by_removal AFTER DELETE ON domains BEGIN
    UPDATE domain_counts SET domains = domains - 1 WHERE status = old.status
        AND waits_for = ifnull(old.waits_for, '') AND broken = (old.broken_since IS NOT NULL);
END;
