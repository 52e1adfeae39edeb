-- Endpoints whose deliveries wait for none before them.

ALTER TABLE webhook_endpoints ADD COLUMN ordering TEXT NOT NULL DEFAULT 'domain' CHECK (ordering IN ('domain', 'none'));
CREATE INDEX webhook_endpoints_unordered ON webhook_endpoints (id) WHERE ordering = 'none';
