"""Jobs as they are stored: new ones, how they end, and which ones are pending."""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.jobs import Job, JobState, Predecessor
from dcvd.store.engine.insertions import ComputedColumn
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.jobs.predecessors import has_predecessor, predecessor_values

_JOBS: Final = StructTable("jobs", Job)
_BLOCKED: Final = ComputedColumn("blocked", has_predecessor)
_UPDATED_FIELDS: Final = (
    "state", "attempts", "next_attempt_at", "last_error_code", "last_error", "outage_attempts", "updated_at", "turn",
    "payload",
)  # fmt: skip
_UPDATE: Final = (
    f"UPDATE jobs SET {', '.join(f'{field} = ?' for field in _UPDATED_FIELDS)}, ready = ? WHERE id = ? AND state = ?"
)


class JobDeath(Struct, frozen=True):
    """Why a job was given up, and the domain that it was about."""

    last_error_code: str | None
    last_error: str | None
    domain_id: str | None
    domain_name: str | None


def insert(tx: Transaction, job: Job, *, waits_for: Predecessor | None = None) -> None:
    """Store a new job."""
    insert_all(tx, [job], waits_for=waits_for)


def insert_all(tx: Transaction, jobs: Sequence[Job], *, waits_for: Predecessor | None = None) -> None:
    """Store new jobs that are due. waits_for: the pending jobs that have to end before each of them."""
    # Those of one name may wait for one another, and one statement stores what was found out before it began.
    is_by_name = len({job.domain_name for job in jobs}) == len(jobs)
    for some in [jobs] if is_by_name else [[job] for job in jobs]:
        tx.insert_all(
            "jobs",
            _JOBS.columns,
            [_JOBS.to_row(job) for job in some],
            computed_column=None if waits_for is None else _BLOCKED,
            parameters=() if waits_for is None else predecessor_values(waits_for),
        )
    tx.announce(Topic.JOBS)
    for org_id in {job.org_id for job in jobs}:
        tx.announce(Topic.JOB_LISTS, org_id)


def update(tx: Transaction, job: Job, *, expected_state: JobState = JobState.PENDING) -> bool:
    """Store a job's new state where it is in the expected one; return whether it was.

    So nothing that comes late changes how a job has ended.
    """
    # A job whose time is still to come is made ready by `make_ready` once that has come.
    is_ready = job.next_attempt_at is not None and job.next_attempt_at <= job.updated_at
    values = (getattr(job, field) for field in _UPDATED_FIELDS)
    was_expected = tx.execute(_UPDATE, (*values, is_ready, job.id, expected_state)) > 0
    tx.announce(Topic.JOBS)
    tx.announce(Topic.JOB_LISTS, job.org_id)
    return was_expected


def get(snapshot: Snapshot, job_id: str) -> Job | None:
    """Get a job by its id, of whichever organization."""
    return _JOBS.fetch_one(snapshot, "WHERE id = ?", (job_id,))


def list_existing_ids(snapshot: Snapshot, org_id: str, ids: Collection[str]) -> list[str]:
    """List those ids that jobs of an organization have."""
    return _JOBS.list_existing_ids(snapshot, org_id, ids)


def list_of_org(
    snapshot: Snapshot, org_id: str, *, state: JobState | None, before: str | None, limit: int
) -> list[Job]:
    """List an organization's jobs with an id below `before`, newest first."""
    return _JOBS.list_of_org(snapshot, org_id, before=before, limit=limit, state=state)


def list_of_all(snapshot: Snapshot, *, state: JobState | None, before: str | None, limit: int) -> list[Job]:
    """List jobs of every organization with an id below `before`, newest first.

    Of a state that has an index, only these.
    """
    if state is JobState.DEAD:
        return _JOBS.list_of_all(
            snapshot, before=before, limit=limit, index="jobs_dead_by_id", condition="state = 'dead'"
        )
    return _JOBS.list_of_all(snapshot, before=before, limit=limit)


def list_deaths(snapshot: Snapshot, org_id: str, *, limit: int) -> list[JobDeath]:
    """List why an organization's jobs were given up, newest first."""
    rows = snapshot.fetch_all(
        "SELECT last_error_code, last_error, domain_id, domain_name FROM jobs"
        " WHERE org_id = ? AND state = 'dead' ORDER BY id DESC LIMIT ?",
        (org_id, limit),
    )
    return [JobDeath(*row) for row in rows]


def count_of_org(snapshot: Snapshot, org_id: str, state: JobState, limit: int) -> int:
    """Count an organization's jobs in a state, but no further than `limit`."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE org_id = ? AND state = ? LIMIT ?)", (org_id, state, limit)
    )


def count_of_kind(snapshot: Snapshot, org_id: str, kind: str, state: JobState, limit: int) -> int:
    """Count an organization's jobs of a kind in a state, but no further than `limit`."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE org_id = ? AND state = ? AND kind = ? LIMIT ?)",
        (org_id, state, kind, limit),
    )


def list_ids_of_kind(snapshot: Snapshot, org_id: str, kind: str, state: JobState) -> list[str]:
    """List the ids of an organization's jobs of a kind in a state, but no more than some thousands."""
    return snapshot.fetch_column(
        "SELECT id FROM jobs WHERE org_id = ? AND state = ? AND kind = ? LIMIT 5000", (org_id, state, kind)
    )


def delete_of_kind(tx: Transaction, org_id: str, kind: str, state: JobState, limit: int) -> int:
    """Remove some of an organization's jobs of a kind in a state; return how many."""
    return tx.delete_some("jobs", "id", "org_id = ? AND state = ? AND kind = ?", (org_id, state, kind, limit))


def list_pending_names(snapshot: Snapshot, names: Collection[str], kind: str) -> set[str]:
    """List those names of which a job of a kind is pending."""
    # The join in this order: SQLite cannot know that the names are few.
    return set(
        snapshot.fetch_column(
            "SELECT j.domain_name FROM json_each(?) few CROSS JOIN jobs j ON j.domain_name = few.value"
            " WHERE j.state = 'pending' AND j.kind = ?",
            (encode_list(names), kind),
        )
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
    org_ids = tx.fetch_column(
        "UPDATE jobs SET state = 'done', attempts = attempts + 1, next_attempt_at = NULL, outage_attempts = 0,"
        " updated_at = ?1"
        " WHERE state = 'pending' AND domain_id IN (SELECT value FROM json_each(?2)) AND ends_with_domain"
        " RETURNING org_id",
        (now, encode_list(domain_ids)),
    )
    _announce_ends(tx, org_ids)
    return len(org_ids)


def list_pending_of_connection(snapshot: Snapshot, connection_id: str, kind: str, limit: int) -> list[Job]:
    """List some of the pending jobs of a kind that work through a connection, in no order."""
    return _JOBS.fetch_all(
        snapshot,
        "INDEXED BY jobs_of_connection WHERE connection_id = ? AND kind = ? AND state = 'pending' LIMIT ?",
        (connection_id, kind, limit),
    )


def end_pending_of_connection(tx: Transaction, connection_id: str, kind: str, now: int) -> int:
    """End the pending jobs of a kind that work through a connection, as done; return how many there were."""
    org_ids = tx.fetch_column(
        "UPDATE jobs SET state = 'done', attempts = attempts + 1, next_attempt_at = NULL, outage_attempts = 0,"
        " updated_at = ?"
        " WHERE state = 'pending' AND connection_id = ? AND kind = ? RETURNING org_id",
        (now, connection_id, kind),
    )
    _announce_ends(tx, org_ids)
    return len(org_ids)


def list_pending_of_domains(snapshot: Snapshot, domain_ids: Collection[str], kind: str) -> list[Job]:
    """List the pending jobs of a kind that domains have, in no order."""
    # Without the hint SQLite would go through all jobs that wait for their turn.
    return _JOBS.fetch_all(
        snapshot,
        "INDEXED BY jobs_of_domain_by_age"
        " WHERE domain_id IN (SELECT value FROM json_each(?)) AND kind = ? AND state = 'pending'",
        (encode_list(domain_ids), kind),
    )


def list_of_domain(
    snapshot: Snapshot, domain_id: str, position: tuple[int, str], *, newest_first: bool, limit: int
) -> list[Job]:
    """List a domain's jobs beyond a position (instant of creation, id), in that order or against it."""
    columns = dict(zip(("created_at", "id"), position, strict=True))
    return _JOBS.list_of_domain(snapshot, domain_id, columns, newest_first=newest_first, limit=limit)


def delete_ended(tx: Transaction, state: JobState, cutoff_at: int, limit: int) -> int:
    """Remove jobs that ended in `state` before an instant; return how many."""
    return tx.delete_some(
        "jobs", "id", "state <> 'pending' AND state = ? AND updated_at < ?", (state, cutoff_at, limit)
    )


def _announce_ends(tx: Transaction, org_ids: Collection[str]) -> None:
    """Announce that jobs of these organizations have ended."""
    if org_ids:
        tx.announce(Topic.JOBS)
    for org_id in set(org_ids):
        tx.announce(Topic.JOB_LISTS, org_id)
