-- Usage goes by its own age, not with its token: one token can have tens of thousands of rows, and many end at once.
CREATE TABLE new_token_usage (
    token_id  TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    operation TEXT    NOT NULL,
    org_id    TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    requests  INTEGER NOT NULL,
    errors    INTEGER NOT NULL,
    PRIMARY KEY (token_id, day, operation)
) STRICT, WITHOUT ROWID;
INSERT INTO new_token_usage
SELECT u.token_id, u.day, u.operation, t.org_id, u.requests, u.errors
FROM token_usage AS u JOIN api_tokens AS t ON t.id = u.token_id;
DROP TABLE token_usage;
ALTER TABLE new_token_usage RENAME TO token_usage;
CREATE INDEX token_usage_by_day ON token_usage (day);
CREATE INDEX token_usage_of_org ON token_usage (org_id);
