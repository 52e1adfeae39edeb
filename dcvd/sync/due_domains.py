"""Read the due domains of a lane: the longest waiting first, and where many wait, organization by organization."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct

from dcvd.core.domains.domain import Domain
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.store import domains
from dcvd.store.engine.transactions import Snapshot

BATCH_SIZE: Final = 32
"""How many due domains of a lane are read at once."""
_DOMAINS_IN_TURN: Final = 4
"""How many of its domains an organization gets in its turn."""
_MAX_ORGANIZATIONS: Final = 256
"""How many organizations one read asks for due domains; the next read goes on behind them."""


class DueBatch(Struct, frozen=True, kw_only=True):
    """Due domains of a lane.

    is_full: whether more may be due. last_org_id: the organization that had the last turn, behind which the next read
    begins.
    """

    domains: list[Domain]
    is_full: bool
    last_org_id: str


def read_due(
    snapshot: Snapshot, lane: CheckLane, now: int, *, in_flight_ids: Collection[str], last_org_id: str
) -> DueBatch:
    """Read up to `BATCH_SIZE` due domains of a lane that are not in flight.

    Where fewer are due, all of them are read. Otherwise the organizations take turns, so that none with any number of
    due domains delays those of another.
    """
    # Domains in flight are still due in the store, so as many more are looked for; their rows are not read.
    oldest_ids = domains.list_due_ids(snapshot, lane, now, BATCH_SIZE + len(in_flight_ids))
    idle_ids = [domain_id for domain_id in oldest_ids if domain_id not in in_flight_ids][:BATCH_SIZE]
    is_full = len(idle_ids) == BATCH_SIZE
    ids = idle_ids
    if is_full:
        in_turn, last_org_id = _choose_in_turns(snapshot, lane, now, frozenset(in_flight_ids), last_org_id)
        # What the turns leave free is for those that have waited longest.
        ids = list(dict.fromkeys([*in_turn, *idle_ids]))[:BATCH_SIZE]
    chosen = domains.find_by_ids(snapshot, ids)
    return DueBatch(domains=[chosen[domain_id] for domain_id in ids], is_full=is_full, last_org_id=last_org_id)


def _choose_in_turns(
    snapshot: Snapshot, lane: CheckLane, now: int, in_flight_ids: frozenset[str], last_org_id: str
) -> tuple[list[str], str]:
    ids: list[str] = []
    first_org_id: str | None = None
    org_id = last_org_id
    for _ in range(_MAX_ORGANIZATIONS):
        next_org_id = domains.find_next_organization(snapshot, lane, org_id) or domains.find_next_organization(
            snapshot, lane, ""
        )
        if next_org_id is None or next_org_id == first_org_id:
            break
        org_id = next_org_id
        first_org_id = first_org_id or org_id
        due_ids = domains.list_due_ids_of_org(snapshot, lane, org_id, now, _DOMAINS_IN_TURN + len(in_flight_ids))
        ids += [domain_id for domain_id in due_ids if domain_id not in in_flight_ids][:_DOMAINS_IN_TURN]
        if len(ids) >= BATCH_SIZE:
            break
    return ids[:BATCH_SIZE], org_id
