-- history_starts_at: whoever looks for events that an endpoint was not sent must not look before this instant, because
-- ended deliveries of older events may have been deleted (milliseconds).

ALTER TABLE webhook_endpoints ADD COLUMN history_starts_at INTEGER NOT NULL DEFAULT 0;
