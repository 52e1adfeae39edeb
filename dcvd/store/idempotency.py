"""The answers that were given under idempotency keys, so that a repeated request gets the same answer."""

from msgspec import Struct

from dcvd.core.clock_discipline import ClockStep
from dcvd.store.engine import plan_shifts
from dcvd.store.engine.transactions import Snapshot, Transaction


class RememberedAnswer(Struct, frozen=True, kw_only=True):
    """An answer, encrypted by the vault, and the fingerprint of the request that it answers."""

    id: str
    fingerprint: str
    sealed_answer: bytes


def find(snapshot: Snapshot, answer_id: str, *, since: int) -> RememberedAnswer | None:
    """Find an answer that was given at `since` or later."""
    row = snapshot.fetch_one(
        "SELECT fingerprint, sealed_answer FROM idempotency_answers WHERE id = ? AND created_at >= ?",
        (answer_id, since),
    )
    return None if row is None else RememberedAnswer(id=answer_id, fingerprint=row[0], sealed_answer=row[1])


def insert(tx: Transaction, org_id: str, answer: RememberedAnswer, now: int) -> None:
    """Store an answer, in place of an old one under the same key."""
    # Not by INSERT OR REPLACE, which would delete without the trigger that counts what is deleted.
    tx.execute("DELETE FROM idempotency_answers WHERE id = ?", (answer.id,))
    tx.execute(
        "INSERT INTO idempotency_answers (id, org_id, fingerprint, sealed_answer, created_at) VALUES (?, ?, ?, ?, ?)",
        (answer.id, org_id, answer.fingerprint, answer.sealed_answer, now),
    )


def delete_old(tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove answers that were given before an instant; return how many."""
    return tx.delete_some("idempotency_answers", "id", "created_at < ?", (cutoff_at, limit))


def date_back(tx: Transaction, step: ClockStep) -> int:
    """After a step back, date at the present instant what a clock that was ahead has dated; return how many."""
    return plan_shifts.date_back(tx, "idempotency_answers", "created_at", step)
