-- One row is one attempt, and stored with all that follows from it: a batch of them is one statement, during which the
-- writer's thread does not have to take the interpreter's lock from the event loop.
--
-- '' and -1 stand for NULL, which costs the interpreter fifteen times as much as a number. A row whose delivery_id is
-- NULL fills the statement up. started: the start of the slot by which the attempt is counted for its endpoint's rates.
-- ended_at: NULL for an attempt that is stored alone, beside a delivery that is as it shall be.
CREATE TEMP VIEW finished_attempts (
    delivery_id, number, started_at, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, outcome, reason, status_code,
    error, headers, response, body_fault, remote_ip, counted, next_attempt_at, next_reason,
    endpoint_id, domain_id, recovered_type, started, latency, ended_at
) AS SELECT
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL
WHERE 0;

CREATE TEMP TRIGGER finished_attempts_stored INSTEAD OF INSERT ON finished_attempts WHEN new.delivery_id IS NOT NULL
BEGIN
    -- A delivered delivery stays delivered, whatever its tenant has requested meanwhile.
    UPDATE deliveries
        SET state = 'delivered', attempts = attempts + 1, next_attempt_at = NULL, last_error = NULL,
            updated_at = new.ended_at
        WHERE new.ended_at IS NOT NULL AND new.next_reason = 'delivered'
            AND id = new.delivery_id AND state <> 'delivered';

    -- Not where the delivery was removed meanwhile. An attempt that is stored already stays as it is; whoever cannot
    -- tell whether it is looks first, because it would be counted twice below.
    INSERT INTO attempts (
        delivery_id, number, started_at, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, outcome, reason,
        status_code, error, headers, response, body_fault, remote_ip, counted, next_attempt_at, next_reason
    ) SELECT
        new.delivery_id, new.number, new.started_at, nullif(new.dns_ms, -1), nullif(new.connect_ms, -1),
        nullif(new.tls_ms, -1), nullif(new.first_byte_ms, -1), new.total_ms, new.outcome, nullif(new.reason, ''),
        nullif(new.status_code, -1), nullif(new.error, ''), new.headers, CAST(new.response AS BLOB), new.body_fault,
        nullif(new.remote_ip, ''), new.counted, nullif(new.next_attempt_at, -1), nullif(new.next_reason, '')
        WHERE EXISTS (SELECT 1 FROM deliveries WHERE id = new.delivery_id)
        ON CONFLICT DO NOTHING;

    INSERT INTO endpoint_rates (endpoint_id, started, delivered, latency, attempts)
        SELECT new.endpoint_id, new.started, new.outcome = 'delivered', new.latency, 1
        WHERE EXISTS (SELECT 1 FROM webhook_endpoints WHERE id = new.endpoint_id)
        ON CONFLICT DO UPDATE SET attempts = attempts + 1;

    DELETE FROM event_refusals WHERE endpoint_id = new.endpoint_id AND event_type = new.recovered_type;

    -- The next event of the domain is due, where it waited for this one.
    UPDATE deliveries SET next_attempt_at = new.ended_at
        WHERE new.next_attempt_at = -1 AND next_attempt_at IS NULL AND id = (
            SELECT d.id FROM deliveries d
            WHERE d.endpoint_id = new.endpoint_id AND d.domain_id = new.domain_id AND d.state = 'pending'
            ORDER BY d.sequence LIMIT 1
        );
    SELECT announce('deliveries', new.endpoint_id) WHERE changes() > 0;
END;
