-- Sessions, by which a browser acts with the rights of a token.
-- secret_hash: of what its cookie holds. token_hash: of the token's secret with which it began; when that one works no
-- more, after a rotation, the session does not either.
CREATE TABLE sessions (
    id           TEXT    PRIMARY KEY,
    org_id       TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    token_id     TEXT    NOT NULL REFERENCES api_tokens (id) ON DELETE CASCADE,
    secret_hash  TEXT    NOT NULL UNIQUE,
    token_hash   TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    address      TEXT,
    user_agent   TEXT
) STRICT;
CREATE INDEX sessions_of_org ON sessions (org_id, id);
CREATE INDEX sessions_of_token ON sessions (token_id, id);
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX sessions_by_use ON sessions (last_used_at);
