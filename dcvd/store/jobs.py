"""Jobs: their rows, and the queries that find what is due or pending."""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec.structs import astuple

from dcvd.core.jobs import Job, JobState, Predecessor
from dcvd.store.engine.database import Snapshot, Topic, Transaction
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.struct_table import StructTable

_JOBS: Final = StructTable("jobs", Job)
_UPDATED_FIELDS: Final = (
    "state", "attempts", "next_attempt_at", "last_error_code", "last_error", "outage_attempts", "updated_at", "payload",
)  # fmt: skip
_UPDATE: Final = (
    f"UPDATE jobs SET {', '.join(f'{field} = ?' for field in _UPDATED_FIELDS)}, ready = ? WHERE id = ? AND state = ?"
)
_READY: Final = "state = 'pending' AND ready = 1 AND blocked = 0"
_READY_BETWEEN: Final = f"FROM jobs WHERE kind = ? AND {_READY} AND (turn, id) >= (?, ?) AND (turn, id) < (?, ?)"
_HAS_PREDECESSOR: Final = (
    "EXISTS (SELECT 1 FROM jobs AS earlier WHERE earlier.domain_name = jobs.domain_name AND earlier.kind = ?"
    " AND earlier.state = 'pending' AND (NOT ? OR earlier.org_id = jobs.org_id) AND (NOT ? OR earlier.id < jobs.id))"
)
_MAX_COUNTED: Final = 10_000
_MAX_MADE_READY: Final = 1_000
"""The most jobs that one unit of work makes ready, so that it holds the writer for only some milliseconds."""


def insert(tx: Transaction, job: Job, *, waits_for: Predecessor | None = None) -> None:
    """Store a new job."""
    insert_all(tx, [job], waits_for=waits_for)


def insert_all(tx: Transaction, jobs: Sequence[Job], *, waits_for: Predecessor | None = None) -> None:
    """Store new jobs that are due. waits_for: the pending jobs that have to end before each of them."""
    _JOBS.insert_all(tx, jobs)
    if waits_for is not None:
        tx.execute(
            f"UPDATE jobs SET blocked = 1 WHERE id IN (SELECT value FROM json_each(?)) AND {_HAS_PREDECESSOR}",
            (encode_list([job.id for job in jobs]), *astuple(waits_for)),
        )
    tx.announce(Topic.JOBS)


def update(tx: Transaction, job: Job, *, expected_state: JobState = JobState.PENDING) -> bool:
    """Store a job's new state where it is in the expected one; return whether it was.

    So nothing that comes late changes how a job has ended.
    """
    # A job whose time is still to come is made ready by `make_ready` once that has come.
    is_ready = job.next_attempt_at is not None and job.next_attempt_at <= job.updated_at
    values = (getattr(job, field) for field in _UPDATED_FIELDS)
    was_expected = tx.execute(_UPDATE, (*values, is_ready, job.id, expected_state)) > 0
    tx.announce(Topic.JOBS)
    return was_expected


def get(snapshot: Snapshot, job_id: str) -> Job | None:
    """Get a job by its id, of whichever organization."""
    return _JOBS.fetch_one(snapshot, "WHERE id = ?", (job_id,))


def list_of_org(
    snapshot: Snapshot, org_id: str, *, state: JobState | None, before: str | None, limit: int
) -> list[Job]:
    """List an organization's jobs with an id below `before`, newest first."""
    return _JOBS.list_of_org(snapshot, org_id, before=before, limit=limit, state=state)


def make_ready(tx: Transaction, now: int) -> int:
    """Make ready the pending jobs whose time has come, the longest waiting first; return how many.

    At most a thousand at a time: after that many, the caller asks again.
    """
    count = tx.execute(
        "UPDATE jobs SET ready = 1 WHERE id IN (SELECT id FROM jobs"
        " WHERE state = 'pending' AND ready = 0 AND next_attempt_at <= ? ORDER BY next_attempt_at LIMIT ?)",
        (now, _MAX_MADE_READY),
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


def list_pending_kinds(snapshot: Snapshot) -> set[str]:
    """List the kinds that have pending jobs, one look into the index for each."""
    kinds: set[str] = set()
    after = ""
    while True:
        row = snapshot.fetch_one(
            "SELECT kind FROM jobs WHERE state = 'pending' AND kind > ? ORDER BY kind LIMIT 1", (after,)
        )
        if row is None:
            return kinds
        after = row[0]
        kinds.add(after)


def find_pending_of_domain(snapshot: Snapshot, domain_id: str, kind: str) -> Job | None:
    """Find the pending job of a kind that a domain has, if any."""
    return _JOBS.fetch_one(
        snapshot, "WHERE domain_id = ? AND kind = ? AND state = 'pending' LIMIT 1", (domain_id, kind)
    )


def end_with_domains(tx: Transaction, domain_ids: Collection[str], now: int) -> int:
    """End the pending jobs of domains that end with them, as done; return how many there were."""
    count = tx.execute(
        "UPDATE jobs SET state = 'done', attempts = attempts + 1, next_attempt_at = NULL, outage_attempts = 0,"
        " updated_at = ?1"
        " WHERE state = 'pending' AND domain_id IN (SELECT value FROM json_each(?2)) AND ends_with_domain",
        (now, encode_list(domain_ids)),
    )
    if count:
        tx.announce(Topic.JOBS)
    return count


def list_pending_of_connection(snapshot: Snapshot, connection_id: str, kind: str, limit: int) -> list[Job]:
    """List some of the pending jobs of a kind that work through a connection, in no order."""
    return _JOBS.fetch_all(
        snapshot,
        "INDEXED BY jobs_of_connection WHERE connection_id = ? AND kind = ? AND state = 'pending' LIMIT ?",
        (connection_id, kind, limit),
    )


def end_pending_of_connection(tx: Transaction, connection_id: str, now: int) -> int:
    """End the pending jobs of a connection, as done; return how many there were."""
    count = tx.execute(
        "UPDATE jobs SET state = 'done', attempts = attempts + 1, next_attempt_at = NULL, outage_attempts = 0,"
        " updated_at = ?"
        " WHERE state = 'pending' AND connection_id = ?",
        (now, connection_id),
    )
    if count:
        tx.announce(Topic.JOBS)
    return count


def find_next_turn(snapshot: Snapshot, org_id: str, kind: str) -> int:
    """Find the turn of an organization's next job of a kind.

    It comes after all pending jobs of the organization, and beside the first ready job of every other organization.
    """
    first_turn = snapshot.fetch_value(
        f"SELECT turn FROM jobs WHERE kind = ? AND {_READY} ORDER BY turn LIMIT 1", (kind,)
    )
    last_own_turn = snapshot.fetch_value(
        "SELECT turn FROM jobs WHERE org_id = ? AND kind = ? AND state = 'pending' ORDER BY turn DESC LIMIT 1",
        (org_id, kind),
    )
    return max(first_turn or 0, last_own_turn or 0) + 1


def count_ready_between(snapshot: Snapshot, kind: str, start: tuple[int, str], end: tuple[int, str]) -> int:
    """Count the ready jobs of a kind with a turn and id from `start` on and before `end`.

    Beyond ten thousand it is an estimate: the rest of the turns is taken to hold as many jobs each.
    """
    values = (kind, *start, *end)
    count = snapshot.fetch_count(f"SELECT count(*) FROM (SELECT 1 {_READY_BETWEEN} LIMIT ?)", (*values, _MAX_COUNTED))
    if count < _MAX_COUNTED:
        return count
    first_turn = snapshot.fetch_count(f"SELECT turn {_READY_BETWEEN} ORDER BY turn, id LIMIT 1", values)
    last_turn = snapshot.fetch_count(
        f"SELECT turn {_READY_BETWEEN} ORDER BY turn, id LIMIT 1 OFFSET ?", (*values, _MAX_COUNTED - 1)
    )
    return count + (end[0] - last_turn) * count // (last_turn - first_turn + 1)


def list_ready_between(
    snapshot: Snapshot, kind: str, start: tuple[int, str], end: tuple[int, str], limit: int
) -> list[tuple[int, str]]:
    """List the turns and ids of the ready jobs of a kind from `start` on and before `end`, in their order."""
    rows = snapshot.fetch_all(
        f"SELECT turn, id {_READY_BETWEEN} ORDER BY turn, id LIMIT ?", (kind, *start, *end, limit)
    )
    return [(turn, job_id) for turn, job_id in rows]


def list_pending_of_domains(snapshot: Snapshot, domain_ids: Collection[str], kind: str) -> list[Job]:
    """List the pending jobs of a kind that domains have, in no order."""
    # Without the hint SQLite would go through all jobs that wait for their turn.
    return _JOBS.fetch_all(
        snapshot,
        "INDEXED BY jobs_of_domain"
        " WHERE domain_id IN (SELECT value FROM json_each(?)) AND kind = ? AND state = 'pending'",
        (encode_list(domain_ids), kind),
    )


def list_of_domain(
    snapshot: Snapshot, domain_id: str, position: tuple[int, str], *, newest_first: bool, limit: int
) -> list[Job]:
    """List a domain's jobs beyond a position (instant of creation, id), in that order or against it."""
    columns = dict(zip(("created_at", "id"), position, strict=True))
    return _JOBS.list_of_domain(snapshot, domain_id, columns, newest_first=newest_first, limit=limit)


def end_outage(tx: Transaction, codes: Collection[str], now: int) -> int:
    """Make due the jobs whose last attempt failed by an outage with one of these codes; return how many."""
    count = tx.execute(
        "UPDATE jobs SET next_attempt_at = ?1 WHERE state = 'pending' AND outage_attempts > 0"
        " AND last_error_code IN (SELECT value FROM json_each(?2)) AND next_attempt_at > ?1",
        (now, encode_list(codes)),
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


def delete_ended(tx: Transaction, state: JobState, cutoff_at: int, limit: int) -> int:
    """Remove jobs that ended in `state` before an instant; return how many."""
    return tx.delete_some(
        "jobs", "id", "state <> 'pending' AND state = ? AND updated_at < ?", (state, cutoff_at, limit)
    )
