-- The request by which each event, delivery and job came to be: its id is in the log and was in the answer to it. NULL
-- where none did, and of what is older.
ALTER TABLE events ADD COLUMN request_id TEXT;
ALTER TABLE jobs ADD COLUMN request_id TEXT;
ALTER TABLE deliveries ADD COLUMN request_id TEXT;
CREATE INDEX deliveries_by_request ON deliveries (request_id, id) WHERE request_id IS NOT NULL;
