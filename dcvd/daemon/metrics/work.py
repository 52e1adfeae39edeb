"""The figures of the daemon's work as metrics."""

from collections import Counter
from collections.abc import Collection, Iterator

from prometheus_client.core import Metric

from dcvd.core.connections.connection import ConnectionStatus, Provider
from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.domains.domain import DomainStatus
from dcvd.core.jobs import JobState
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.organizations.status import OrganizationStatus
from dcvd.core.webhooks.deliveries import Backlog
from dcvd.core.webhooks.health import HealthState
from dcvd.metrics.catalogue import domains, work
from dcvd.metrics.definitions import LabelValues
from dcvd.services.figures import Figures

_READY = ("true", "none")


def show_figures(figures: Figures, job_kinds: Collection[str]) -> Iterator[Metric]:
    """Yield the metrics; what there is none of is 0, where the values of its labels are known, as `job_kinds` are."""
    yield from _show_domains(figures)
    yield from _show_deliveries(figures)
    yield from _show_jobs(figures, job_kinds)
    connections: dict[LabelValues, float] = {
        (provider, status): figures.connections.get((provider, status), 0)
        for provider in Provider
        for status in ConnectionStatus
    }
    yield work.CONNECTIONS.build(connections)


def _show_domains(figures: Figures) -> Iterator[Metric]:
    sorts = [_READY, *(("false", actor) for actor in Awaited)]
    by_status = Counter[LabelValues]({(status, *sort): 0 for status in DomainStatus for sort in sorts})
    broken = Counter[LabelValues]({(actor,): 0 for actor in Awaited})
    for each in figures.domains:
        by_status[each.status, *(_READY if each.waits_for is None else ("false", each.waits_for))] += each.count
        if each.waits_for is not None and each.is_broken:
            broken[each.waits_for,] += each.count
    yield domains.DOMAINS.build(by_status)
    yield domains.DOMAINS_BROKEN.build(broken)
    yield domains.CERTIFICATES.build({(each,): count for each, count in figures.certificates.items()})
    yield domains.RENEWALS_OVERDUE.build_single(figures.overdue_renewals)
    yield domains.CHECK_DELAY.build(
        {(lane.name.lower(),): figures.measure_delay_s(figures.oldest_checks_due_at.get(lane)) for lane in CheckLane}
    )
    yield domains.ORGANIZATIONS.build(
        {(status,): figures.organizations.get(status, 0) for status in OrganizationStatus}
    )


def _show_deliveries(figures: Figures) -> Iterator[Metric]:
    yield work.DELIVERIES.build(
        {**{(backlog,): figures.count_backlog(backlog) for backlog in Backlog}, ("held",): figures.count_held()}
    )
    yield work.DELIVERY_DELAY.build(
        {
            (health,): figures.measure_delay_s(figures.oldest_deliveries_due_at.get(health))
            for health in (HealthState.HEALTHY, HealthState.FAILING)
        }
    )
    yield work.ENDPOINTS.build({(health,): figures.endpoints.get(health, 0) for health in HealthState})


def _show_jobs(figures: Figures, job_kinds: Collection[str]) -> Iterator[Metric]:
    kinds = sorted({*job_kinds, *(kind for kind, _ in figures.jobs)})
    states = (JobState.PENDING, JobState.DEAD)
    yield work.JOBS.build({(kind, state): figures.jobs.get((kind, state), 0) for kind in kinds for state in states})
    yield work.JOB_DELAY.build(
        {(kind,): figures.measure_delay_s(figures.oldest_jobs_due_at.get(kind)) for kind in kinds}
    )
