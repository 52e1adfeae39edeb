-- Hostnames that stay at Cloudflare though their domain was removed here, so that no import of the whole zone brings them
-- back.
CREATE TABLE left_hostnames (
    org_id  TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    cf_id   TEXT    NOT NULL,
    left_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, cf_id)
) STRICT, WITHOUT ROWID;
