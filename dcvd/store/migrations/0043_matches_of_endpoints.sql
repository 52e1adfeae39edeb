-- What the domain of an event has to be like for an endpoint to get it, as JSON; NULL where every event will do.

ALTER TABLE webhook_endpoints ADD COLUMN event_match TEXT;
