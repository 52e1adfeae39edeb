-- A domain that is added again takes over the records that were written for the one of its name that was removed.

CREATE INDEX written_records_orphaned_by_name ON written_records (name) WHERE orphaned_at IS NOT NULL;
