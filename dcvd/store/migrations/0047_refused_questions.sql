-- Addresses whose owners want no questions: the SHA-256 of each, in hex.

CREATE TABLE refused_questions (
    address_hash TEXT PRIMARY KEY,
    refused_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
