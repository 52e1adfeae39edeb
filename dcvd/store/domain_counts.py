"""How many domains of an organization are ready, wait for whom, are broken, or expire soon."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.tokens.reach import DomainReach
from dcvd.store import domain_lists
from dcvd.store.domain_lists import EXPIRY, DomainFilter
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.transactions import Snapshot

COUNTED_UP_TO: Final = 100_000
"""No count goes further, so that it costs some milliseconds whatever an organization has."""


class DomainTally(Struct, frozen=True, kw_only=True):
    """How many domains there are of each sort, up to `COUNTED_UP_TO`.

    waiting: those that are not ready, by who has to act. broken: those of them that were ready. expiring: those whose
    certificate expires before an instant.
    """

    ready: int
    waiting: Mapping[Awaited, int]
    broken: int
    expiring: int

    @property
    def total(self) -> int:
        """Return how many there are."""
        return self.ready + sum(self.waiting.values())


def count_of_org(snapshot: Snapshot, org_id: str, *, expires_before: int) -> DomainTally:
    """Count an organization's domains by indexes that have nothing else."""
    of_org = "SELECT 1 FROM domains INDEXED BY"

    def count(condition: str, *values: object) -> int:
        sql = f"SELECT count(*) FROM ({of_org} {condition} LIMIT {COUNTED_UP_TO})"
        return snapshot.fetch_count(sql, (org_id, *values))

    waiting = {
        awaited: count("domains_of_org_awaited WHERE org_id = ? AND waits_for = ?", awaited) for awaited in Awaited
    }
    return DomainTally(
        ready=count("domains_of_org_ready WHERE org_id = ? AND ready_since IS NOT NULL"),
        waiting={awaited: number for awaited, number in waiting.items() if number},
        broken=count("domains_of_org_broken WHERE org_id = ? AND broken_since IS NOT NULL"),
        expiring=count(f"domains_of_org_by_expiry WHERE org_id = ? AND {EXPIRY} < ?", expires_before),
    )


def count_within(snapshot: Snapshot, org_id: str, reach: DomainReach, *, expires_before: int) -> DomainTally | None:
    """Count an organization's domains within a reach; None where they are too many to be looked at."""
    ids = domain_lists.find_few(snapshot, org_id, DomainFilter(reach=reach))
    if ids is None:
        return None
    rows = snapshot.fetch_all(
        "SELECT waits_for, broken_since IS NOT NULL, ifnull(expires_at < ?, 0) FROM domains"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (expires_before, encode_list(ids)),
    )
    waiting: dict[Awaited, int] = {}
    for awaited in (Awaited(row[0]) for row in rows if row[0] is not None):
        waiting[awaited] = waiting.get(awaited, 0) + 1
    return DomainTally(
        ready=sum(row[0] is None for row in rows),
        waiting=waiting,
        broken=sum(row[1] for row in rows),
        expiring=sum(row[2] for row in rows),
    )
