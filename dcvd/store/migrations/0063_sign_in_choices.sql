-- People whom a provider has named, and who are yet to choose for which of their organizations they sign in.
CREATE TABLE sign_in_choices (
    code_hash  TEXT    PRIMARY KEY,
    issuer     TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    role_group TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_choices_of_address ON sign_in_choices (address, created_at);
CREATE INDEX sign_in_choices_by_end ON sign_in_choices (expires_at);
CREATE INDEX members_by_address ON members (address);
