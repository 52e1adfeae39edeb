-- Addresses that are told of an organization's alerts. sealed_key: of it the tokens in the mails to them are made, which
-- stand here as hashes alone; NULL until the first mail. confirmation_hash: of the question that was last sent.
CREATE TABLE alert_contacts (
    id                      TEXT    PRIMARY KEY,
    org_id                  TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    address                 TEXT    NOT NULL,
    member_id               TEXT    REFERENCES members (id) ON DELETE CASCADE,
    kinds                   TEXT,
    status                  TEXT    NOT NULL CHECK (status IN ('unconfirmed', 'active', 'unsubscribed', 'bouncing')),
    bounces                 INTEGER NOT NULL,
    last_error              TEXT,
    confirmation_expires_at INTEGER,
    confirmed_at            INTEGER,
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL,
    sealed_key              BLOB,
    confirmation_hash       TEXT    UNIQUE,
    unsubscribe_hash        TEXT    UNIQUE
) STRICT;
CREATE INDEX alert_contacts_of_org ON alert_contacts (org_id, id);
CREATE UNIQUE INDEX alert_contacts_of_org_by_address ON alert_contacts (org_id, address);
CREATE INDEX alert_contacts_of_member ON alert_contacts (member_id) WHERE member_id IS NOT NULL;
CREATE INDEX alert_contacts_by_key ON alert_contacts (substr(sealed_key, 1, 9), id) WHERE sealed_key IS NOT NULL;

-- What happened and is not told yet, by its cause. org_id: whose contacts are told; '' for the operator.
CREATE TABLE alert_groups (
    org_id   TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    cause    TEXT    NOT NULL,
    names    TEXT    NOT NULL,
    count    INTEGER NOT NULL,
    detail   TEXT    NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, kind, cause)
) STRICT;

-- When each audience is told next, and when it was told within the last hour.
CREATE TABLE alert_schedules (
    org_id  TEXT    PRIMARY KEY,
    due_at  INTEGER,
    told_at TEXT    NOT NULL
) STRICT;
CREATE INDEX alert_schedules_due ON alert_schedules (due_at) WHERE due_at IS NOT NULL;

-- Messages to one recipient each. org_id, contact_id: NULL for those to the operator; a message outlives its contact, so
-- that the questions to one address are counted.
CREATE TABLE alert_messages (
    id              TEXT    PRIMARY KEY,
    org_id          TEXT    REFERENCES organizations (id) ON DELETE CASCADE,
    contact_id      TEXT,
    channel         TEXT    NOT NULL CHECK (channel IN ('mail', 'chat')),
    purpose         TEXT    NOT NULL CHECK (purpose IN ('alert', 'confirmation')),
    recipient       TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'dead')),
    attempts        INTEGER NOT NULL,
    faults          INTEGER NOT NULL,
    next_attempt_at INTEGER,
    last_error      TEXT,
    sent_at         INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL))
) STRICT;
CREATE INDEX alert_messages_of_org ON alert_messages (org_id, id);
CREATE INDEX alert_messages_due ON alert_messages (channel, next_attempt_at) WHERE state = 'pending';
CREATE INDEX alert_messages_waiting ON alert_messages (recipient) WHERE state = 'pending';
CREATE INDEX alert_messages_of_contact ON alert_messages (contact_id) WHERE state = 'pending';
CREATE INDEX alert_messages_sent ON alert_messages (channel, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX alert_messages_ended ON alert_messages (state, updated_at) WHERE state <> 'pending';
CREATE INDEX alert_confirmations_to ON alert_messages (recipient, created_at) WHERE purpose = 'confirmation';
CREATE INDEX alert_confirmations_of_org ON alert_messages (org_id, created_at) WHERE purpose = 'confirmation';
