-- Sessions, by which a browser acts with the rights of a token, of a member, or of an operator, who are no organization's.
-- operator_uid, operator_gid: of the process that asked for the operator's sign-in. issuer: of the provider at which the
-- member signed in. role_group: the group there that gives the role. holder: whose session it is, for every
-- kind. secret_hash: of what its cookie holds. token_hash: of the token's secret with which it began; when that one works
-- no more, after a rotation, the session does not either.
CREATE TABLE sessions (
    id           TEXT    PRIMARY KEY,
    org_id       TEXT    REFERENCES organizations (id) ON DELETE CASCADE,
    token_id     TEXT    REFERENCES api_tokens (id) ON DELETE CASCADE,
    member_id    TEXT    REFERENCES members (id) ON DELETE CASCADE,
    operator_uid INTEGER,
    operator_gid INTEGER,
    issuer       TEXT,
    role_group   TEXT,
    secret_hash  TEXT    NOT NULL UNIQUE,
    token_hash   TEXT,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    address      TEXT,
    user_agent   TEXT,
    holder       TEXT    NOT NULL AS (coalesce(token_id, member_id, 'uid ' || operator_uid)) STORED,
    CHECK ((token_id IS NOT NULL) + (member_id IS NOT NULL) + (operator_uid IS NOT NULL) = 1),
    CHECK ((operator_uid IS NULL) = (operator_gid IS NULL)),
    CHECK ((member_id IS NULL) = (issuer IS NULL)),
    CHECK ((org_id IS NULL) = (operator_uid IS NOT NULL)),
    CHECK ((token_id IS NULL) = (token_hash IS NULL))
) STRICT;
CREATE INDEX sessions_of_org ON sessions (org_id, id);
CREATE INDEX sessions_of_token ON sessions (token_id) WHERE token_id IS NOT NULL;
CREATE INDEX sessions_of_member ON sessions (member_id) WHERE member_id IS NOT NULL;
CREATE INDEX sessions_of_issuer ON sessions (issuer);
CREATE INDEX sessions_of_holder ON sessions (holder, id);
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX sessions_by_use ON sessions (last_used_at);
