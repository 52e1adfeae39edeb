"""The next job that may run: of a kind, by its turn, and past everything that has to wait.

A job is ready once its time has come and no earlier job blocks it. Ready jobs of a kind are in order of their turns, in
which organizations alternate. Neither jobs that are not ready nor those of busy lanes are gone through one by one,
however many there are.
"""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct

from dcvd.core.jobs import Job, Predecessor
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.jobs.predecessors import has_predecessor, predecessor_values
from dcvd.store.jobs.turns import READY

_JOBS: Final = StructTable("jobs", Job)
_READY_OF_KIND: Final = f"kind = ?1 AND {READY}"
_FREE: Final = (
    "id NOT IN (SELECT value FROM json_each(?2)) AND ifnull(domain_name, '') NOT IN (SELECT value FROM json_each(?5))"
    f" AND NOT {has_predecessor('few.{}'.format, 3)}"
)
_COLUMNS: Final = "id, turn, org_id, connection_id, domain_name"
_NEXT_BY_TURN: Final = (
    f"WITH few AS MATERIALIZED (SELECT {_COLUMNS} FROM jobs WHERE {_READY_OF_KIND} ORDER BY turn, id LIMIT ?8)"
    f" SELECT (SELECT count(*) FROM few), (SELECT id FROM few WHERE {_FREE}"
    " AND org_id NOT IN (SELECT value FROM json_each(?6))"
    " AND ifnull(connection_id, '') NOT IN (SELECT value FROM json_each(?7))"
    " ORDER BY turn, id LIMIT 1)"
)
_NEXT_IN_LANE: Final = (
    f"WITH few AS (SELECT {_COLUMNS} FROM jobs WHERE {_READY_OF_KIND} AND lane = ?6 ORDER BY turn, id LIMIT ?7)"
    f" SELECT turn, id FROM few WHERE {_FREE} ORDER BY turn, id LIMIT 1"
)
_NEXT_LANE: Final = (
    f"SELECT lane, org_id, connection_id FROM jobs WHERE {_READY_OF_KIND} AND lane > ?2 ORDER BY lane LIMIT 1"
)
_BEHIND_ORG: Final = "\x20"
"""The character after the one that ends the organization's id in a lane."""
_MAX_BY_TURN: Final = 64
"""The first ready jobs, among which the next one nearly always is."""
_MAX_LANES: Final = 64
"""The free lanes that are compared where all of the first ready jobs have to wait."""


class BusySubjects(Struct, frozen=True):
    """What no job may start for: jobs in flight, by their ids, and whatever is at its limit."""

    job_ids: Collection[str] = ()
    org_ids: Collection[str] = ()
    connection_ids: Collection[str] = ()
    domain_names: Collection[str] = ()


def find_next(snapshot: Snapshot, kind: str, busy: BusySubjects, *, waits_for: Predecessor | None = None) -> Job | None:
    """Find the next job of a kind that may start."""
    free_values = (
        kind, encode_list(busy.job_ids), *predecessor_values(waits_for), encode_list(busy.domain_names)
    )  # fmt: skip
    subjects = (encode_list(busy.org_ids), encode_list(busy.connection_ids))
    # Jobs in flight are ready too, and often the first of all.
    for limit in (len(busy.job_ids) + 1, _MAX_BY_TURN):
        count, job_id = snapshot.fetch_all(_NEXT_BY_TURN, (*free_values, *subjects, limit))[0]
        if job_id is not None or count < limit:
            break
    else:
        job_id = _find_by_lane(snapshot, free_values, busy)
    return None if job_id is None else _JOBS.fetch_one(snapshot, "WHERE id = ?", (job_id,))


def _find_by_lane(snapshot: Snapshot, free_values: tuple[Any, ...], busy: BusySubjects) -> str | None:
    """Find the first by its turn among the next ones of the free lanes: busy lanes are jumped over."""
    kind = free_values[0]
    found: list[tuple[int, str]] = []
    after = ""
    while len(found) < _MAX_LANES:
        row = snapshot.fetch_one(_NEXT_LANE, (kind, after))
        if row is None:
            break
        after, org_id, connection_id = row
        if org_id in busy.org_ids:
            after = f"{org_id}{_BEHIND_ORG}"
        elif connection_id not in busy.connection_ids:
            first = snapshot.fetch_one(_NEXT_IN_LANE, (*free_values, after, _MAX_BY_TURN))
            if first is not None:
                found.append((first[0], first[1]))
    return min(found)[1] if found else None
