"""How much there is of what, and what waits longest, over all organizations: for metrics, and for the operator.

All of it is read in one snapshot, at a cost that does not grow with the number of domains or deliveries.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

from msgspec import Struct

from dcvd.core.connections.connection import ConnectionStatus, Provider
from dcvd.core.instants import to_seconds
from dcvd.core.jobs import JobState
from dcvd.core.lifecycle.expiry_ranges import ExpiryRange, count_by_range
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.organizations.status import OrganizationStatus
from dcvd.core.webhooks.deliveries import Backlog
from dcvd.core.webhooks.health import HealthState
from dcvd.services.context import Context
from dcvd.store import counts, renewals
from dcvd.store.counts import DomainCount
from dcvd.store.engine.transactions import Snapshot

K = TypeVar("K")
_SENDING: Final = (HealthState.HEALTHY, HealthState.FAILING)


class Figures(Struct, frozen=True, kw_only=True):
    """The state of the daemon's work at an instant; instants are in milliseconds.

    at: when they were read. certificates: those that serve, by the days left. oldest_checks_due_at: by lane, without
        empty lanes; what is due later than `at` is not late.
    deliveries: by the health of their endpoints. oldest_deliveries_due_at: likewise, without disabled endpoints, to
        which nothing is sent.
    jobs: pending and dead ones by kind. oldest_jobs_due_at: by kind, without jobs that wait for an earlier one.
    """

    at: int
    domains: tuple[DomainCount, ...]
    certificates: Mapping[ExpiryRange, int]
    overdue_renewals: int
    oldest_checks_due_at: Mapping[CheckLane, int]
    deliveries: Mapping[tuple[HealthState, Backlog], int]
    oldest_deliveries_due_at: Mapping[HealthState, int]
    jobs: Mapping[tuple[str, JobState], int]
    oldest_jobs_due_at: Mapping[str, int]
    endpoints: Mapping[HealthState, int]
    connections: Mapping[tuple[Provider, ConnectionStatus], int]
    organizations: Mapping[OrganizationStatus, int]

    def measure_delay_s(self, due_at: int | None) -> float:
        """Measure for how many seconds something has been due; 0 where nothing is."""
        return 0.0 if due_at is None else to_seconds(max(self.at - due_at, 0))

    def count_backlog(self, backlog: Backlog) -> int:
        """Count deliveries to endpoints that are not disabled; dead letters of all."""
        return sum(
            count
            for (health, each), count in self.deliveries.items()
            if each is backlog and (backlog is Backlog.DEAD or health is not HealthState.DISABLED)
        )

    def count_held(self) -> int:
        """Count the unfinished deliveries that are held for disabled endpoints."""
        return sum(
            count
            for (health, backlog), count in self.deliveries.items()
            if health is HealthState.DISABLED and backlog is not Backlog.DEAD
        )


async def read_figures(context: Context) -> Figures:
    """Read the figures as they are now. Raises StoreError."""
    return await context.database.read(lambda snapshot: collect_figures(snapshot, context.now()))


def collect_figures(snapshot: Snapshot, now: int) -> Figures:
    """Collect the figures of a snapshot; `now` is its instant."""
    jobs = {(kind, JobState(state)): count for kind, state, count in counts.list_job_counts(snapshot) if count}
    return Figures(
        at=now,
        domains=tuple(counts.list_domain_counts(snapshot)),
        certificates=count_by_range(counts.list_certificate_hours(snapshot), now),
        overdue_renewals=renewals.count_overdue(snapshot, now),
        oldest_checks_due_at=_leave_out_none({lane: renewals.find_oldest_due_at(snapshot, lane) for lane in CheckLane}),
        deliveries={
            (HealthState(each.health), Backlog(each.backlog)): each.count for each in counts.list_backlogs(snapshot)
        },
        oldest_deliveries_due_at=_leave_out_none(
            {health: counts.find_oldest_delivery_due_at(snapshot, health) for health in _SENDING}
        ),
        jobs=jobs,
        oldest_jobs_due_at=_leave_out_none(
            {kind: counts.find_oldest_job_due_at(snapshot, kind) for kind, state in jobs if state is JobState.PENDING}
        ),
        endpoints={HealthState(health): count for health, count in counts.list_endpoint_counts(snapshot).items()},
        connections={
            (Provider(provider), ConnectionStatus(status)): count
            for provider, status, count in counts.list_connection_counts(snapshot)
        },
        organizations={
            OrganizationStatus(status): count for status, count in counts.list_organization_counts(snapshot).items()
        },
    )


def _leave_out_none(due_at_by_key: Mapping[K, int | None]) -> dict[K, int]:
    return {key: due_at for key, due_at in due_at_by_key.items() if due_at is not None}
