"""The times at which jobs are due: a pending job is made ready once its time has come."""

from collections.abc import Collection
from typing import Final

from dcvd.core.clock_discipline import ClockStep
from dcvd.store.engine import plan_shifts
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction

MAX_AT_ONCE: Final = 1_000
"""The most jobs that one unit of work makes ready or due, so that it holds the writer for only some milliseconds."""


def make_ready(tx: Transaction, now: int) -> int:
    """Make ready the pending jobs whose time has come, the longest waiting first; return how many.

    At most a thousand at a time: after that many, the caller asks again.
    """
    count = tx.execute(
        "UPDATE jobs SET ready = 1 WHERE id IN (SELECT id FROM jobs"
        " WHERE state = 'pending' AND ready = 0 AND next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?)",
        (now, MAX_AT_ONCE),
    )
    if count:
        tx.announce(Topic.JOBS)
    return count


def find_next_due_at(snapshot: Snapshot) -> int | None:
    """Find the earliest instant at which the time comes of a job that is not ready yet."""
    return snapshot.fetch_value(
        "SELECT next_attempt_at FROM jobs WHERE state = 'pending' AND ready = 0 AND next_attempt_at >= 0"
        " ORDER BY next_attempt_at LIMIT 1"
    )


def end_outage(tx: Transaction, codes: Collection[str], now: int, limit: int) -> int:
    """Make due up to `limit` of the jobs whose last attempt failed by an outage with one of these codes.

    Returns how many there were.
    """
    count = tx.execute(
        "UPDATE jobs SET next_attempt_at = ?1 WHERE id IN (SELECT id FROM jobs WHERE state = 'pending'"
        " AND outage_attempts > 0 AND last_error_code IN (SELECT value FROM json_each(?2)) AND next_attempt_at > ?1"
        " LIMIT ?3)",
        (now, encode_list(codes), limit),
    )
    if count:
        tx.announce(Topic.JOBS)
    return count


def reschedule_beyond(tx: Transaction, latest_at: int, now: int) -> int:
    """Make due the jobs that are planned for after an instant; return how many."""
    return tx.execute(
        "UPDATE jobs SET next_attempt_at = ? WHERE state = 'pending' AND ready = 0 AND next_attempt_at > ?",
        (now, latest_at),
    )


def shift_plans(tx: Transaction, step: ClockStep) -> int:
    """Shift the times of jobs that are not due yet by a step of the clock; return how many."""
    count = plan_shifts.shift_plans(tx, "jobs", "next_attempt_at", step, "state = 'pending' AND ready = 0")
    if count:
        tx.announce(Topic.JOBS)
    return count
