-- Counts of rows, kept by triggers, so that nobody walks through a table to learn how much there is of what. `dcvd check`
-- compares them with the rows.

-- Who has to act before a domain is ready: NULL where it is. `choose_actor` of dcvd.core.diagnosis.turns, over all rows.
ALTER TABLE domains ADD COLUMN waits_for TEXT CHECK (waits_for IN ('customer', 'operator', 'nobody'));
UPDATE domains SET waits_for = CASE
    WHEN ready_since IS NOT NULL THEN NULL
    WHEN json_extract(findings, '$[0].severity') IN ('error', 'warning') THEN json_extract(findings, '$[0].actor')
    WHEN error_code IS NOT NULL THEN 'operator'
    ELSE 'nobody' END;

-- waits_for: '' for domains that are ready. served: whether the domain ever had a certificate.
CREATE TABLE domain_counts (
    status    TEXT    NOT NULL,
    waits_for TEXT    NOT NULL,
    served    INTEGER NOT NULL,
    domains   INTEGER NOT NULL,
    PRIMARY KEY (status, waits_for, served)
) STRICT, WITHOUT ROWID;
INSERT INTO domain_counts
    SELECT status, ifnull(waits_for, ''), latest_expiry IS NOT NULL, count(*) FROM domains GROUP BY 1, 2, 3;
CREATE TRIGGER domains_counted_by_addition AFTER INSERT ON domains BEGIN
    INSERT INTO domain_counts VALUES (new.status, ifnull(new.waits_for, ''), new.latest_expiry IS NOT NULL, 1)
        ON CONFLICT DO UPDATE SET domains = domains + 1;
END;
CREATE TRIGGER domains_counted_by_change AFTER UPDATE OF status, waits_for, latest_expiry ON domains
WHEN old.status <> new.status OR old.waits_for IS NOT new.waits_for
    OR (old.latest_expiry IS NULL) <> (new.latest_expiry IS NULL)
BEGIN
    UPDATE domain_counts SET domains = domains - 1 WHERE status = old.status
        AND waits_for = ifnull(old.waits_for, '') AND served = (old.latest_expiry IS NOT NULL);
    INSERT INTO domain_counts VALUES (new.status, ifnull(new.waits_for, ''), new.latest_expiry IS NOT NULL, 1)
        ON CONFLICT DO UPDATE SET domains = domains + 1;
END;
CREATE TRIGGER domains_counted_by_removal AFTER DELETE ON domains BEGIN
    UPDATE domain_counts SET domains = domains - 1 WHERE status = old.status
        AND waits_for = ifnull(old.waits_for, '') AND served = (old.latest_expiry IS NOT NULL);
END;

-- The certificates that serve, by the hour in which they expire (since the epoch, UTC).
CREATE TABLE certificate_counts (
    expiry_hour  INTEGER PRIMARY KEY,
    certificates INTEGER NOT NULL
) STRICT;
INSERT INTO certificate_counts
    SELECT expires_at / 3600000, count(*) FROM domains WHERE expires_at IS NOT NULL GROUP BY 1;
CREATE TRIGGER certificates_counted_by_addition AFTER INSERT ON domains WHEN new.expires_at IS NOT NULL BEGIN
    INSERT INTO certificate_counts VALUES (new.expires_at / 3600000, 1)
        ON CONFLICT DO UPDATE SET certificates = certificates + 1;
END;
CREATE TRIGGER certificates_counted_by_change AFTER UPDATE OF expires_at ON domains
WHEN old.expires_at IS NOT new.expires_at
BEGIN
    UPDATE certificate_counts SET certificates = certificates - 1 WHERE expiry_hour = old.expires_at / 3600000;
    DELETE FROM certificate_counts WHERE expiry_hour = old.expires_at / 3600000 AND certificates = 0;
    INSERT INTO certificate_counts SELECT new.expires_at / 3600000, 1 WHERE new.expires_at IS NOT NULL
        ON CONFLICT DO UPDATE SET certificates = certificates + 1;
END;
CREATE TRIGGER certificates_counted_by_removal AFTER DELETE ON domains WHEN old.expires_at IS NOT NULL BEGIN
    UPDATE certificate_counts SET certificates = certificates - 1 WHERE expiry_hour = old.expires_at / 3600000;
    DELETE FROM certificate_counts WHERE expiry_hour = old.expires_at / 3600000 AND certificates = 0;
END;

-- Unfinished deliveries and dead letters of each endpoint that has any. A delivery is `waiting` while an earlier event
-- goes first.
CREATE TABLE delivery_counts (
    endpoint_id TEXT    NOT NULL,
    backlog     TEXT    NOT NULL CHECK (backlog IN ('pending', 'waiting', 'dead')),
    deliveries  INTEGER NOT NULL,
    PRIMARY KEY (endpoint_id, backlog)
) STRICT, WITHOUT ROWID;
ALTER TABLE deliveries ADD COLUMN backlog TEXT GENERATED ALWAYS AS (CASE
    WHEN state = 'pending' AND next_attempt_at IS NULL THEN 'waiting' WHEN state IN ('pending', 'dead') THEN state END
) VIRTUAL;
INSERT INTO delivery_counts
    SELECT endpoint_id, backlog, count(*) FROM deliveries WHERE backlog IS NOT NULL GROUP BY 1, 2;
CREATE TRIGGER deliveries_counted_by_addition AFTER INSERT ON deliveries WHEN new.backlog IS NOT NULL BEGIN
    INSERT INTO delivery_counts VALUES (new.endpoint_id, new.backlog, 1)
        ON CONFLICT DO UPDATE SET deliveries = deliveries + 1;
END;
-- Each delivery costs two statements on its way: what ends is only taken off, and rows of nought stay until their endpoint
-- is removed.
CREATE TRIGGER deliveries_counted_by_end AFTER UPDATE OF state ON deliveries
WHEN old.backlog IS NOT NULL AND new.backlog IS NULL
BEGIN
    UPDATE delivery_counts SET deliveries = deliveries - 1
        WHERE endpoint_id = old.endpoint_id AND backlog = old.backlog;
END;
CREATE TRIGGER deliveries_counted_by_change AFTER UPDATE OF state, next_attempt_at ON deliveries
WHEN new.backlog IS NOT NULL AND old.backlog IS NOT new.backlog
BEGIN
    UPDATE delivery_counts SET deliveries = deliveries - 1
        WHERE endpoint_id = old.endpoint_id AND backlog = old.backlog;
    INSERT INTO delivery_counts VALUES (new.endpoint_id, new.backlog, 1)
        ON CONFLICT DO UPDATE SET deliveries = deliveries + 1;
END;
CREATE TRIGGER deliveries_counted_by_removal AFTER DELETE ON deliveries WHEN old.backlog IS NOT NULL BEGIN
    UPDATE delivery_counts SET deliveries = deliveries - 1
        WHERE endpoint_id = old.endpoint_id AND backlog = old.backlog;
END;

-- Jobs that are pending or dead.
CREATE TABLE job_counts (
    kind  TEXT    NOT NULL,
    state TEXT    NOT NULL CHECK (state IN ('pending', 'dead')),
    jobs  INTEGER NOT NULL,
    PRIMARY KEY (kind, state)
) STRICT, WITHOUT ROWID;
INSERT INTO job_counts SELECT kind, state, count(*) FROM jobs WHERE state <> 'done' GROUP BY 1, 2;
CREATE TRIGGER jobs_counted_by_addition AFTER INSERT ON jobs WHEN new.state <> 'done' BEGIN
    INSERT INTO job_counts VALUES (new.kind, new.state, 1) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER jobs_counted_by_change AFTER UPDATE OF state ON jobs WHEN old.state <> new.state BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE kind = old.kind AND state = old.state;
    INSERT INTO job_counts SELECT new.kind, new.state, 1 WHERE new.state <> 'done'
        ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER jobs_counted_by_removal AFTER DELETE ON jobs WHEN old.state <> 'done' BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE kind = old.kind AND state = old.state;
END;
-- Which job of a kind is due for the longest time: those that wait for an earlier job of their domain do not count.
CREATE INDEX jobs_due ON jobs (kind, next_attempt_at) WHERE state = 'pending' AND blocked = 0;

CREATE TABLE endpoint_counts (
    health    TEXT    PRIMARY KEY,
    endpoints INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO endpoint_counts SELECT health, count(*) FROM webhook_endpoints GROUP BY 1;
CREATE TRIGGER endpoints_counted_by_addition AFTER INSERT ON webhook_endpoints BEGIN
    INSERT INTO endpoint_counts VALUES (new.health, 1) ON CONFLICT DO UPDATE SET endpoints = endpoints + 1;
END;
CREATE TRIGGER endpoints_counted_by_change AFTER UPDATE OF health ON webhook_endpoints WHEN old.health <> new.health
BEGIN
    UPDATE endpoint_counts SET endpoints = endpoints - 1 WHERE health = old.health;
    INSERT INTO endpoint_counts VALUES (new.health, 1) ON CONFLICT DO UPDATE SET endpoints = endpoints + 1;
END;
CREATE TRIGGER endpoints_counted_by_removal AFTER DELETE ON webhook_endpoints BEGIN
    DELETE FROM delivery_counts WHERE endpoint_id = old.id;
    UPDATE endpoint_counts SET endpoints = endpoints - 1 WHERE health = old.health;
END;

CREATE TABLE connection_counts (
    provider    TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    connections INTEGER NOT NULL,
    PRIMARY KEY (provider, status)
) STRICT, WITHOUT ROWID;
INSERT INTO connection_counts SELECT provider, status, count(*) FROM oauth_connections GROUP BY 1, 2;
CREATE TRIGGER connections_counted_by_addition AFTER INSERT ON oauth_connections BEGIN
    INSERT INTO connection_counts VALUES (new.provider, new.status, 1)
        ON CONFLICT DO UPDATE SET connections = connections + 1;
END;
CREATE TRIGGER connections_counted_by_change AFTER UPDATE OF status ON oauth_connections WHEN old.status <> new.status
BEGIN
    UPDATE connection_counts SET connections = connections - 1 WHERE provider = old.provider AND status = old.status;
    INSERT INTO connection_counts VALUES (new.provider, new.status, 1)
        ON CONFLICT DO UPDATE SET connections = connections + 1;
END;
CREATE TRIGGER connections_counted_by_removal AFTER DELETE ON oauth_connections BEGIN
    UPDATE connection_counts SET connections = connections - 1 WHERE provider = old.provider AND status = old.status;
END;
