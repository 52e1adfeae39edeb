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
    "state", "attempts", "next_attempt_at", "last_error_code", "last_error", "outage", "updated_at", "payload",
)  # fmt: skip
_UPDATE: Final = f"UPDATE jobs SET {', '.join(f'{field} = ?' for field in _UPDATED_FIELDS)} WHERE id = ?"
_DUE: Final = (
    "AS j WHERE kind = ?4 AND state = 'pending' AND next_attempt_at <= ?1"
    " AND id NOT IN (SELECT value FROM json_each(?2))"
    " AND NOT EXISTS (SELECT 1 FROM jobs d WHERE d.domain_name = j.domain_name AND d.kind = ?7 AND d.state = 'pending'"
    " AND (NOT ?8 OR d.org_id = j.org_id) AND (NOT ?9 OR d.id < j.id))"
    " AND (connection_id IS NULL OR connection_id NOT IN (SELECT value FROM json_each(?5)))"
    " AND org_id NOT IN (SELECT value FROM json_each(?6))"
    " ORDER BY turn, id LIMIT ?3"
)


def insert(tx: Transaction, job: Job) -> None:
    """Store a new job."""
    insert_all(tx, [job])


def insert_all(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Store new jobs."""
    _JOBS.insert_all(tx, jobs)
    tx.announce(Topic.JOBS)


def update(tx: Transaction, job: Job) -> None:
    """Store a job's new state."""
    tx.execute(_UPDATE, (*(getattr(job, field) for field in _UPDATED_FIELDS), job.id))
    tx.announce(Topic.JOBS)


def get(snapshot: Snapshot, job_id: str) -> Job | None:
    """Get a job by its id, of whichever organization."""
    return _JOBS.fetch_one(snapshot, "WHERE id = ?", (job_id,))


def list_of_org(
    snapshot: Snapshot, org_id: str, *, state: JobState | None, before: str | None, limit: int
) -> list[Job]:
    """List an organization's jobs with an id below `before`, newest first."""
    return _JOBS.list_of_org(snapshot, org_id, before=before, limit=limit, state=state)


def list_due(
    snapshot: Snapshot,
    kind: str,
    now: int,
    limit: int,
    in_flight: Collection[str],
    *,
    waits_for: Predecessor | None = None,
    busy_connections: Collection[str] = (),
    busy_orgs: Collection[str] = (),
) -> list[Job]:
    """List jobs of a kind that are due and not in flight, ordered by their turn.

    No job is among them that waits for a predecessor, that works through one of `busy_connections`, or that belongs to
    one of `busy_orgs`.
    """
    predecessor = (None, False, False) if waits_for is None else astuple(waits_for)
    return _JOBS.fetch_all(
        snapshot,
        _DUE,
        (now, encode_list(in_flight), limit, kind, encode_list(busy_connections), encode_list(busy_orgs), *predecessor),
    )


def find_next_due_at(snapshot: Snapshot, after_at: int) -> int | None:
    """Find the earliest instant later than `after_at` at which a job is due."""
    return snapshot.fetch_value(
        "SELECT next_attempt_at FROM jobs WHERE state = 'pending' AND next_attempt_at > ?"
        " ORDER BY next_attempt_at LIMIT 1",
        (after_at,),
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
        "UPDATE jobs SET state = 'done', attempts = attempts + 1, next_attempt_at = NULL, outage = 0, updated_at = ?1"
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
        "UPDATE jobs SET state = 'done', attempts = attempts + 1, next_attempt_at = NULL, outage = 0, updated_at = ?"
        " WHERE state = 'pending' AND connection_id = ?",
        (now, connection_id),
    )
    if count:
        tx.announce(Topic.JOBS)
    return count


def find_next_turn(snapshot: Snapshot, org_id: str, kind: str) -> int:
    """Find the turn of an organization's next job of a kind.

    It comes after all pending jobs of the organization, and beside the first job of every other organization.
    """
    first_turn = snapshot.fetch_value(
        "SELECT turn FROM jobs WHERE kind = ? AND state = 'pending' ORDER BY turn LIMIT 1", (kind,)
    )
    last_own_turn = snapshot.fetch_value(
        "SELECT turn FROM jobs WHERE org_id = ? AND kind = ? AND state = 'pending' ORDER BY turn DESC LIMIT 1",
        (org_id, kind),
    )
    return max(first_turn or 0, last_own_turn or 0) + 1


def count_between(snapshot: Snapshot, kind: str, start: tuple[int, str], end: tuple[int, str]) -> int:
    """Count the pending jobs of a kind with a turn and id from `start` on and before `end`."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM jobs WHERE kind = ? AND state = 'pending'"
        " AND (turn, id) >= (?, ?) AND (turn, id) < (?, ?)",
        (kind, *start, *end),
    )


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
        "UPDATE jobs SET next_attempt_at = ?1, outage = 0 WHERE state = 'pending' AND outage = 1"
        " AND next_attempt_at > ?1 AND last_error_code IN (SELECT value FROM json_each(?2))",
        (now, encode_list(codes)),
    )
    if count:
        tx.announce(Topic.JOBS)
    return count


def reschedule_beyond(tx: Transaction, latest_at: int, now: int) -> int:
    """Make due the jobs that are planned for after an instant; return how many."""
    return tx.execute(
        "UPDATE jobs SET next_attempt_at = ? WHERE state = 'pending' AND next_attempt_at > ?", (now, latest_at)
    )


def delete_ended(tx: Transaction, state: JobState, cutoff_at: int, limit: int) -> int:
    """Remove jobs that ended in `state` before an instant; return how many."""
    return tx.delete_some(
        "jobs", "id", "state <> 'pending' AND state = ? AND updated_at < ?", (state, cutoff_at, limit)
    )
