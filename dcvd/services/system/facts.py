"""Write what was found as the facts of an overview."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from dcvd.config import Config
from dcvd.core.alerts.messages import Channel
from dcvd.core.alerts.targets import parse_targets
from dcvd.core.clock_discipline import ClockReport
from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.diagnosis.reason import find_reason
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.saas_zone import SaasZone, ZoneFaultCode
from dcvd.core.instants import SECOND, format_instant, to_rfc3339
from dcvd.core.jobs import JobState
from dcvd.core.lifecycle.expiry_ranges import ExpiryRange
from dcvd.core.system.lateness import is_check_late, is_delivery_late, is_job_late
from dcvd.core.system.overview import (
    BrokenDomain,
    CertificateFigures,
    ChannelFacts,
    ClockFacts,
    CloudflareFacts,
    DeliveryFigures,
    DomainFigures,
    DomainSort,
    EndpointFigures,
    JobFigures,
    Oldest,
    TroubledEndpoint,
    ZoneFaultFacts,
)
from dcvd.core.webhooks.deliveries import Backlog
from dcvd.core.webhooks.health import HealthState
from dcvd.custom_hostnames.budget import BudgetReport
from dcvd.services.figures import Figures
from dcvd.services.lifecycle.remedy_jobs import REGISTER
from dcvd.store.webhooks.troubled_endpoints import TroubledEndpointRow

_WITHIN_7_DAYS: Final = (ExpiryRange.UNDER_1, ExpiryRange.FROM_1, ExpiryRange.FROM_3)
_MAX_URL_CHARS: Final = 200


def describe_domains(figures: Figures, latest_broken: Iterable[Domain], names: Mapping[str, str]) -> DomainFigures:
    """Write the figures of domains. `names`: those of organizations, by their ids."""
    by_status, waiting_for = Counter[str](), Counter[str]()
    for sort in figures.domains:
        by_status[sort.status.value] += sort.count
        if sort.waits_for is not None:
            waiting_for[sort.waits_for.value] += sort.count
    broken = [sort for sort in figures.domains if sort.is_broken]
    return DomainFigures(
        total=sum(by_status.values()),
        ready=sum(sort.count for sort in figures.domains if sort.is_ready),
        by_status=dict(by_status),
        waiting_for=dict(waiting_for),
        sorts=[
            DomainSort(
                status=sort.status.value,
                waits_for=None if sort.waits_for is None else sort.waits_for.value,
                broken=sort.is_broken,
                count=sort.count,
            )
            for sort in figures.domains
        ],
        broken=sum(sort.count for sort in broken),
        broken_for_operator=sum(sort.count for sort in broken if sort.waits_for is Awaited.OPERATOR),
        latest_broken=[_describe_broken(domain, names) for domain in latest_broken],
    )


def _describe_broken(domain: Domain, names: Mapping[str, str]) -> BrokenDomain:
    assert domain.broken_since is not None, "a broken domain knows since when it is"
    reason = find_reason(domain)
    return BrokenDomain(
        id=domain.id,
        name=domain.name,
        organization=names.get(domain.org_id, domain.org_id),
        status=domain.status.value,
        waits_for=None if reason is None else reason.actor.value,
        code=None if reason is None else reason.code,
        since=to_rfc3339(domain.broken_since),
    )


def describe_certificates(figures: Figures) -> CertificateFigures:
    """Write the figures of certificates."""
    counts = figures.certificates
    within_7 = sum(counts[each] for each in _WITHIN_7_DAYS)
    within_14 = within_7 + counts[ExpiryRange.FROM_7]
    return CertificateFigures(
        within_7_days=within_7,
        within_14_days=within_14,
        within_30_days=within_14 + counts[ExpiryRange.FROM_14],
        expired=counts[ExpiryRange.EXPIRED],
        overdue_renewals=figures.overdue_renewals,
    )


def describe_cloudflare(zone: SaasZone, budget: BudgetReport, figures: Figures) -> CloudflareFacts:
    """Write what is known of Cloudflare."""
    is_refused = any(fault.code is ZoneFaultCode.UNAUTHORIZED for fault in zone.faults)
    return CloudflareFacts(
        token="refused" if is_refused else "active" if zone.is_access_confirmed else "unknown",
        faults=[
            ZoneFaultFacts(code=fault.code.value, message=fault.message, since=to_rfc3339(fault.since))
            for fault in zone.faults
        ],
        hostnames_used=None if zone.usage is None else zone.usage.used,
        hostnames_allowed=None if zone.usage is None else zone.usage.allowed,
        hostnames_asked_at=None if zone.usage is None else to_rfc3339(zone.usage.asked_at),
        requests_left=budget.requests_left,
        requests_limit=budget.requests_limit or None,
        certificates_left=budget.certificates_left,
        certificates_limit=budget.certificates_limit or None,
        waiting_calls=budget.waiting_calls,
        waiting_certificates=budget.waiting_certificates,
        queued_registrations=figures.jobs.get((REGISTER.name, JobState.PENDING), 0),
        paused_seconds=round(budget.pause_s),
    )


def describe_checks(figures: Figures) -> dict[str, Oldest]:
    """Write, by lane, which check waits longest; lanes of which none is due are left out."""
    found: dict[str, Oldest] = {}
    for lane, due_at in figures.oldest_checks_due_at.items():
        oldest = _describe_oldest(figures, due_at, lambda late_ms, lane=lane: is_check_late(lane, late_ms))  # type: ignore[misc]
        if oldest is not None:
            found[lane.name.lower()] = oldest
    return found


def describe_jobs(figures: Figures, config: Config) -> JobFigures:
    """Write the figures of jobs."""
    oldest: dict[str, Oldest] = {}
    for kind, due_at in figures.oldest_jobs_due_at.items():
        pending = figures.jobs.get((kind, JobState.PENDING), 0)
        per_minute = config.cloudflare.certificates_per_minute if kind == REGISTER.name else 0

        def is_late(late_ms: int, pending: int = pending, per_minute: int = per_minute) -> bool:
            return is_job_late(late_ms, pending=pending, starts_per_minute=per_minute)

        found = _describe_oldest(figures, due_at, is_late)
        if found is not None:
            oldest[kind] = found
    return JobFigures(
        pending={kind: number for (kind, state), number in figures.jobs.items() if state is JobState.PENDING},
        dead={kind: number for (kind, state), number in figures.jobs.items() if state is JobState.DEAD},
        oldest=oldest,
    )


def describe_deliveries(figures: Figures) -> DeliveryFigures:
    """Write the figures of deliveries."""
    due = figures.oldest_deliveries_due_at
    return DeliveryFigures(
        pending=figures.count_backlog(Backlog.PENDING),
        waiting=figures.count_backlog(Backlog.WAITING),
        held=figures.count_held(),
        dead=figures.count_backlog(Backlog.DEAD),
        oldest=_describe_oldest(figures, due.get(HealthState.HEALTHY), is_delivery_late),
        # That an endpoint fails is told of the endpoint; nobody but its receiver can mend it.
        oldest_to_failing=_describe_oldest(figures, due.get(HealthState.FAILING), lambda _: False),
    )


def _describe_oldest(figures: Figures, due_at: int | None, is_late: Callable[[int], bool]) -> Oldest | None:
    if due_at is None or due_at > figures.at:
        return None
    late_ms = figures.at - due_at
    return Oldest(due_at=to_rfc3339(due_at), late_seconds=late_ms // SECOND, late=is_late(late_ms))


def describe_endpoints(
    figures: Figures, paused: int, troubled: Iterable[TroubledEndpointRow], names: Mapping[str, str]
) -> EndpointFigures:
    """Write the figures of endpoints. `names`: those of organizations, by their ids."""
    return EndpointFigures(
        healthy=figures.endpoints.get(HealthState.HEALTHY, 0),
        failing=figures.endpoints.get(HealthState.FAILING, 0),
        disabled=figures.endpoints.get(HealthState.DISABLED, 0),
        paused=paused,
        troubled=[_describe_troubled(row, names) for row in troubled],
    )


def _describe_troubled(row: TroubledEndpointRow, names: Mapping[str, str]) -> TroubledEndpoint:
    return TroubledEndpoint(
        id=row.id,
        organization=names.get(row.org_id, row.org_id),
        url=row.url[:_MAX_URL_CHARS],
        state="paused" if row.health == HealthState.HEALTHY else row.health,
        reason=row.disabled_reason,
        since=format_instant(row.failing_since),
        last_error=row.last_error,
    )


def describe_clock(report: ClockReport) -> ClockFacts:
    """Write how things stand with the time."""
    return ClockFacts(
        ahead_seconds=round(report.ahead_ms / SECOND), confirmed=report.is_confirmed, wrong=report.is_wrong
    )


def describe_channels(config: Config, is_failing: Callable[[Channel], bool]) -> list[ChannelFacts]:
    """Write by which ways alerts reach the operator."""
    recipients = {
        Channel.MAIL: len(config.alerts.operator_mail) if config.mail.host else 0,
        Channel.CHAT: len(parse_targets(config.alerts.targets)),
    }
    return [
        ChannelFacts(channel=channel.value, recipients=number, failing=is_failing(channel))
        for channel, number in recipients.items()
        if number
    ]
