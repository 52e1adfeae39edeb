"""How much there is of what, and what waits longest, over all organizations.

Triggers keep the counts (`0050_counts.sql`), so that reading them costs the same however many rows there are.
"""

from msgspec import Struct

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.domains.domain import DomainStatus
from dcvd.core.webhooks.health import HealthState
from dcvd.store.engine.transactions import Snapshot


class DomainCount(Struct, frozen=True):
    """How many domains are alike.

    waits_for: who has to act before they are ready; None for those that are. is_broken: whether they were ready before,
    and are not.
    """

    status: DomainStatus
    waits_for: Awaited | None
    is_broken: bool
    count: int

    @property
    def is_ready(self) -> bool:
        """Whether they are ready."""
        return self.waits_for is None


class EndpointBacklog(Struct, frozen=True):
    """Unfinished deliveries and dead letters of all endpoints of one health: `pending`, `waiting` or `dead`."""

    health: str
    backlog: str
    count: int


def list_domain_counts(snapshot: Snapshot) -> list[DomainCount]:
    """List how many domains there are of each sort."""
    rows = snapshot.fetch_all("SELECT status, waits_for, broken, domains FROM domain_counts WHERE domains > 0")
    return [
        DomainCount(DomainStatus(status), Awaited(waits_for) if waits_for else None, bool(broken), count)
        for status, waits_for, broken, count in rows
    ]


def list_certificate_hours(snapshot: Snapshot) -> list[tuple[int, int]]:
    """List the hours, since the epoch, in which certificates expire, each with their number."""
    return [(row[0], row[1]) for row in snapshot.fetch_all("SELECT expiry_hour, certificates FROM certificate_counts")]


def list_backlogs(snapshot: Snapshot) -> list[EndpointBacklog]:
    """List how many deliveries are unfinished or dead, by the health of their endpoints.

    It reads a row for each endpoint that has any.
    """
    rows = snapshot.fetch_all(
        "SELECT w.health, few.backlog, sum(few.deliveries) FROM delivery_counts few"
        " CROSS JOIN webhook_endpoints w ON w.id = few.endpoint_id GROUP BY 1, 2"
    )
    return [EndpointBacklog(*row) for row in rows]


def find_oldest_delivery_due_at(snapshot: Snapshot, health: HealthState) -> int | None:
    """Find since when the delivery is due that waits longest, among endpoints of one health.

    What waits because its endpoint asked for a pause is due when that is over. It looks once for each endpoint that has
    pending deliveries.
    """
    return snapshot.fetch_value(
        "SELECT min(max((SELECT min(d.next_attempt_at) FROM deliveries d WHERE d.endpoint_id = few.endpoint_id"
        " AND d.next_attempt_at IS NOT NULL), ifnull(w.paused_until, 0)))"
        " FROM delivery_counts few CROSS JOIN webhook_endpoints w ON w.id = few.endpoint_id AND w.health = ?"
        " WHERE few.backlog = 'pending' AND few.deliveries > 0",
        (health,),
    )


def list_job_counts(snapshot: Snapshot) -> list[tuple[str, str, int]]:
    """List how many jobs of a kind are pending or dead: kind, state, number."""
    return [(row[0], row[1], row[2]) for row in snapshot.fetch_all("SELECT kind, state, jobs FROM job_counts")]


def find_oldest_job_due_at(snapshot: Snapshot, kind: str) -> int | None:
    """Find since when the job of a kind is due that waits longest, leaving out what waits for an earlier job."""
    return snapshot.fetch_value(
        "SELECT next_attempt_at FROM jobs WHERE kind = ? AND state = 'pending' AND blocked = 0"
        " ORDER BY next_attempt_at LIMIT 1",
        (kind,),
    )


def list_endpoint_counts(snapshot: Snapshot) -> dict[str, int]:
    """List how many endpoints have each health."""
    return {row[0]: row[1] for row in snapshot.fetch_all("SELECT health, endpoints FROM endpoint_counts")}


def list_connection_counts(snapshot: Snapshot) -> list[tuple[str, str, int]]:
    """List how many connections there are: provider, status, number."""
    rows = snapshot.fetch_all("SELECT provider, status, connections FROM connection_counts")
    return [(row[0], row[1], row[2]) for row in rows]


def list_organization_counts(snapshot: Snapshot) -> dict[str, int]:
    """List how many organizations have each status."""
    return {row[0]: row[1] for row in snapshot.fetch_all("SELECT status, count(*) FROM organizations GROUP BY status")}
