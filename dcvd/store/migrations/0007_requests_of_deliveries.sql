-- How often somebody has asked to send a delivery again: an attempt that was in flight then does not decide what follows.

ALTER TABLE deliveries ADD COLUMN requests INTEGER NOT NULL DEFAULT 0;
