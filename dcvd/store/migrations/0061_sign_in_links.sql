-- Links by which operators sign in with a browser, until they are used or their minute is over.
CREATE TABLE sign_in_links (
    code_hash    TEXT    PRIMARY KEY,
    operator_uid INTEGER NOT NULL,
    operator_gid INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_links_of_operator ON sign_in_links (operator_uid, created_at);
CREATE INDEX sign_in_links_by_end ON sign_in_links (expires_at);
