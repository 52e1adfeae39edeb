-- Attempts that take none of the schedule's, and answers whose body was not whole.

-- counted: 0 for an attempt over a kept connection that the receiver had given up. It has the number of the attempt that
-- repeated it at once. body_fault: a clause on why the body of the answer is not whole; empty where it is.
CREATE TABLE new_attempts (
    delivery_id     TEXT    NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number          INTEGER NOT NULL,
    counted         INTEGER NOT NULL DEFAULT 1 CHECK (counted IN (0, 1)),
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
    body_fault      TEXT    NOT NULL DEFAULT '',
    remote_ip       TEXT,
    next_attempt_at INTEGER,
    next_reason     TEXT,
    PRIMARY KEY (delivery_id, number, counted)
) STRICT, WITHOUT ROWID;
INSERT INTO new_attempts (delivery_id, number, started_at, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, outcome,
        reason, status_code, error, headers, response, remote_ip, next_attempt_at, next_reason)
    SELECT delivery_id, number, started_at, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, outcome,
        reason, status_code, error, headers, response, remote_ip, next_attempt_at, next_reason FROM attempts;
DROP TABLE attempts;
ALTER TABLE new_attempts RENAME TO attempts;
