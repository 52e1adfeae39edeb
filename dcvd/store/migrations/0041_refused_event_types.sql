-- Types of events that an endpoint refuses, with the latest answers by which it does; a success of the type ends it.

CREATE TABLE event_refusals (
    endpoint_id TEXT    NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event_type  TEXT    NOT NULL,
    answers     TEXT    NOT NULL,
    told_at     INTEGER,
    PRIMARY KEY (endpoint_id, event_type)
) STRICT, WITHOUT ROWID;
