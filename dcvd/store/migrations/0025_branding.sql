-- How organizations look on the pages of their customers. A logo is served under its id, which nobody can guess.
CREATE TABLE brandings (
    org_id           TEXT    PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
    name             TEXT,
    primary_color    TEXT,
    background_color TEXT,
    language         TEXT,
    return_url       TEXT,
    logo_id          TEXT,
    updated_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE logos (
    id         TEXT    PRIMARY KEY,
    org_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    media_type TEXT    NOT NULL,
    content    BLOB    NOT NULL,
    source_url TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX logos_of_org ON logos (org_id);
