-- Endpoints that become `failing` as time passes, without another failure.

-- last_status_code: the HTTP status with last_error; NULL where no answer came, or an older version stored the failure.
ALTER TABLE webhook_endpoints ADD COLUMN last_status_code INTEGER;
CREATE INDEX webhook_endpoints_in_doubt ON webhook_endpoints (failing_since)
    WHERE health = 'healthy' AND failing_since IS NOT NULL;
