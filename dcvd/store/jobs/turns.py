"""Turns of jobs: the order in which the ready ones of a kind run, and the place of a job in it."""

from typing import Final

from dcvd.store.engine.transactions import Snapshot

READY: Final = "state = 'pending' AND ready = 1 AND blocked = 0"
"""SQL: whether a job has only to wait for its turn."""
_READY_BETWEEN: Final = f"FROM jobs WHERE kind = ? AND {READY} AND (turn, id) >= (?, ?) AND (turn, id) < (?, ?)"
_LATEST_TURN: Final = (
    f"SELECT max(ifnull((SELECT turn FROM jobs WHERE kind = ?2 AND {READY} ORDER BY turn LIMIT 1), 0),"
    " ifnull((SELECT turn FROM jobs WHERE org_id = ?1 AND kind = ?2 AND state = 'pending' ORDER BY turn DESC LIMIT 1),"
    " 0))"
)
_MAX_COUNTED: Final = 10_000


def find_next_turn(snapshot: Snapshot, org_id: str, kind: str) -> int:
    """Find the turn of an organization's next job of a kind.

    It comes after all pending jobs of the organization, and beside the first ready job of every other organization.
    """
    return snapshot.fetch_count(_LATEST_TURN, (org_id, kind)) + 1


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
