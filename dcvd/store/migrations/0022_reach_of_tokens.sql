-- scopes, domains, allowed_networks: JSON lists of text; NULL is no limit.
-- previous_hash: that of the secret before the last rotation, which works until previous_expires_at.
ALTER TABLE api_tokens ADD COLUMN scopes TEXT;
ALTER TABLE api_tokens ADD COLUMN domains TEXT;
ALTER TABLE api_tokens ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0 CHECK (read_only IN (0, 1));
ALTER TABLE api_tokens ADD COLUMN allowed_networks TEXT;
ALTER TABLE api_tokens ADD COLUMN last_address TEXT;
ALTER TABLE api_tokens ADD COLUMN previous_hash TEXT;
ALTER TABLE api_tokens ADD COLUMN previous_expires_at INTEGER;
CREATE UNIQUE INDEX api_tokens_by_previous_hash ON api_tokens (previous_hash) WHERE previous_hash IS NOT NULL;

-- How often a token was used for an operation of the API, by day (UTC, days since the epoch).
CREATE TABLE token_usage (
    token_id  TEXT    NOT NULL REFERENCES api_tokens (id) ON DELETE CASCADE,
    day       INTEGER NOT NULL,
    operation TEXT    NOT NULL,
    requests  INTEGER NOT NULL,
    errors    INTEGER NOT NULL,
    PRIMARY KEY (token_id, day, operation)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_usage_by_day ON token_usage (day);
