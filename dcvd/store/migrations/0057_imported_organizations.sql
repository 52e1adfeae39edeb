-- Which organizations an import has brought. Their other rows go with them; that they were here stays, so that none that
-- was deleted here since comes back by a repeat.
CREATE TABLE imported_organizations (
    id          TEXT    PRIMARY KEY,
    imported_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO imported_organizations (id, imported_at)
    SELECT source_id, imported_at FROM imported_rows WHERE kind = 'organization';
DELETE FROM imported_rows WHERE kind = 'organization';
