-- What a tenant calls an endpoint, within how many milliseconds it has to answer, and the delays of its schedule in
-- milliseconds, as JSON. NULL: no name, and the operator's settings.

ALTER TABLE webhook_endpoints ADD COLUMN name TEXT;
ALTER TABLE webhook_endpoints ADD COLUMN timeout_ms INTEGER;
ALTER TABLE webhook_endpoints ADD COLUMN retry_schedule TEXT;
