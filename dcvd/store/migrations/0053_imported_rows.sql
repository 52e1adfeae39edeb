-- What an import has brought from another installation, by its id there: what was removed here since stays removed.
CREATE TABLE imported_rows (
    org_id      TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    kind        TEXT    NOT NULL,
    source_id   TEXT    NOT NULL,
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, kind, source_id)
) STRICT, WITHOUT ROWID;
