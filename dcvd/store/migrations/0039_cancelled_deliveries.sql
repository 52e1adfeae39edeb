-- Deliveries that were cancelled.

-- Only the check of `state` changes, which no stored row depends on, so it is changed where it stands, as SQLite's
-- documentation of ALTER TABLE describes it: to make the table anew would copy every delivery and every attempt.
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, '''dropped'')', '''dropped'', ''cancelled'')')
    WHERE type = 'table' AND name = 'deliveries';
PRAGMA writable_schema = RESET;

CREATE INDEX deliveries_cancelled ON deliveries (org_id, id) WHERE state = 'cancelled';
