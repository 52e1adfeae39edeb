-- Each row is stored in the transaction that did what it answers. id: a hash of the organization and its key.
-- sealed_answer: status, headers and body, which may show a secret.
CREATE TABLE idempotency_answers (
    id            TEXT PRIMARY KEY,
    org_id        TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    fingerprint   TEXT NOT NULL,
    sealed_answer BLOB NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_answers_of_org ON idempotency_answers (org_id, id);
CREATE INDEX idempotency_answers_by_age ON idempotency_answers (created_at);
CREATE INDEX idempotency_answers_sealed ON idempotency_answers (substr(sealed_answer, 1, 9), id);

-- An answer counts as one remembered line.
CREATE TRIGGER idempotency_answers_remembered AFTER INSERT ON idempotency_answers BEGIN
    UPDATE organizations SET
        remembered_lines = remembered_lines + 1,
        remembered_bytes = remembered_bytes + length(NEW.fingerprint) + length(NEW.sealed_answer)
    WHERE id = NEW.org_id;
END;

CREATE TRIGGER idempotency_answers_forgotten AFTER DELETE ON idempotency_answers BEGIN
    UPDATE organizations SET
        remembered_lines = remembered_lines - 1,
        remembered_bytes = remembered_bytes - length(OLD.fingerprint) - length(OLD.sealed_answer)
    WHERE id = OLD.org_id;
END;
