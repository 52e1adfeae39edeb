"""The schedule of checks: when a domain is checked again, and in which lane it waits for that."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.custom_hostnames.statuses import CertificateClass
from dcvd.core.diagnosis.edge import is_edge_finding
from dcvd.core.dns.facts import DnsObservation
from dcvd.core.domains.domain import WAITING_STATUSES, Certificate, DnsState, Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareObservation
from dcvd.core.domains.renewals import renewal_due_at, renewal_overdue_at
from dcvd.core.domains.required_records import required_records
from dcvd.core.instants import HOUR, MINUTE, SECOND
from dcvd.core.lifecycle import certificates
from dcvd.core.lifecycle.damping import held_turn_at
from dcvd.core.lifecycle.dormancy import DORMANT_INTERVAL_MS
from dcvd.core.lifecycle.doubt import awaits_second_check, is_in_doubt
from dcvd.core.retry_delays import add_jitter, cloudflare_backoff_ms

_ERROR_INTERVAL_MS: Final = 4 * HOUR
_RENEWAL_INTERVAL_MS: Final = 4 * HOUR
_OVERDUE_INTERVAL_MS: Final = 1 * HOUR
MAX_FIXED_INTERVAL_MS: Final = max(_ERROR_INTERVAL_MS, _RENEWAL_INTERVAL_MS, DORMANT_INTERVAL_MS)
_FRESH_INTERVAL_MS: Final = 5 * SECOND
"""Cloudflare gives the records of a new hostname only "after a few seconds"."""


class CheckLane(IntEnum):
    """The lane in which a domain waits for its check, so that domains of one kind do not delay those of another."""

    WAITING = 0
    """Somebody waits for the domain's setup, or a second check has to confirm a failed one."""
    ROUTINE = 1
    FAILING = 2
    """Its last checks could not be completed, and the next one may again take as long as a timeout."""


_FIRST_RETRY_DELAY_MS: Final = MINUTE
_MAX_RETRY_DELAY_MS: Final = HOUR


def choose_lane(domain: Domain) -> CheckLane:
    """Choose the lane in which a domain waits for its check."""
    if not is_in_doubt(domain.incomplete_checks):
        return CheckLane.FAILING
    if domain.dormant_since is not None:
        return CheckLane.ROUTINE
    return CheckLane.WAITING if domain.status in WAITING_STATUSES or _awaits_second_check(domain) else CheckLane.ROUTINE


def count_incomplete_checks(domain: Domain, check_observations: Iterable[object]) -> int:
    """Count the incomplete checks in a row, after a check that made `check_observations`.

    Observations without DNS come from a job that called Cloudflare, not from a check, and leave the count as it is.
    """
    observations = list(check_observations)
    dns = next((each for each in observations if isinstance(each, DnsObservation)), None)
    if dns is None:
        return domain.incomplete_checks
    has_cloudflare = (domain.cf_id is None and not domain.is_parked) or any(
        isinstance(each, CloudflareObservation) for each in observations
    )
    return 0 if has_cloudflare and dns.facts.outcome == "answered" else domain.incomplete_checks + 1


class CheckPolicy(Struct, frozen=True, kw_only=True):
    """The configured intervals between checks; `expiry_thresholds_ms` as in `LifecycleRules`."""

    pending_interval_ms: int
    active_interval_ms: int
    expiry_thresholds_ms: tuple[int, ...]


def next_check_at(
    domain: Domain, now: int, policy: CheckPolicy, random_fraction: float, *, next_remedy_at: int | None = None
) -> int:
    """Return when a domain is checked next; `random_fraction` in [0, 1) spreads the domains out.

    An incomplete check is repeated soon and then ever more rarely, but never later than after a complete one.

    next_remedy_at: when the next remedy is due (`remedies.next_remedy_at`); a check applies it.
    """
    planned_at = _routine_check_at(domain, now, policy, random_fraction)
    for instant in (next_remedy_at, held_turn_at(domain)):
        if instant is not None and instant > now:
            planned_at = min(planned_at, instant)
    if not domain.incomplete_checks:
        return planned_at
    retry_ms = min(_FIRST_RETRY_DELAY_MS << min(domain.incomplete_checks - 1, 10), _MAX_RETRY_DELAY_MS)
    return min(planned_at, now + add_jitter(retry_ms, random_fraction))


def _routine_check_at(domain: Domain, now: int, policy: CheckPolicy, random_fraction: float) -> int:
    if domain.dormant_since is not None:
        return now + add_jitter(DORMANT_INTERVAL_MS, random_fraction)
    match domain.status:
        case DomainStatus.PENDING_CNAME | DomainStatus.ISSUING:
            wait_ms = cloudflare_backoff_ms(domain.checks_since_change, policy.pending_interval_ms)
            if domain.certificate_class is CertificateClass.INITIALIZING and domain.checks_since_change < 3:
                wait_ms = min(wait_ms, _FRESH_INTERVAL_MS)
            return now + add_jitter(wait_ms, random_fraction)
        case DomainStatus.ERROR:
            return now + add_jitter(_ERROR_INTERVAL_MS, random_fraction)
        case DomainStatus.ACTIVE:
            return _active_check_at(domain, now, policy, random_fraction)
        case _:
            assert_never(domain.status)


def _active_check_at(domain: Domain, now: int, policy: CheckPolicy, random_fraction: float) -> int:
    if _awaits_second_check(domain):
        return now + add_jitter(policy.pending_interval_ms, random_fraction)
    usual_ms = policy.active_interval_ms
    fault_since = [finding.since or now for finding in domain.findings if is_edge_finding(finding)]
    if fault_since:
        usual_ms = min(usual_ms, max(policy.pending_interval_ms, min((now - min(fault_since)) // 4, HOUR)))
    if _lacks_record(domain):
        usual_ms = min(usual_ms, cloudflare_backoff_ms(domain.checks_since_change, policy.pending_interval_ms))
    certificate = domain.certificate
    if certificate is None:
        return now + add_jitter(usual_ms, random_fraction)
    due_at = renewal_due_at(certificate)
    if now >= renewal_overdue_at(certificate):
        interval_ms = _OVERDUE_INTERVAL_MS
    elif now >= due_at:
        interval_ms = _RENEWAL_INTERVAL_MS
    else:
        interval_ms = usual_ms
    routine_at = now + add_jitter(min(interval_ms, usual_ms), random_fraction)
    return min([routine_at, *_future_instants(certificate, now, policy)])


def _awaits_second_check(domain: Domain) -> bool:
    """Whether a second check has to confirm soon that DNS has failed, or that Cloudflare calls the hostname pending."""
    if domain.status is not DomainStatus.ACTIVE:
        return False
    return awaits_second_check(domain.pending_reports) or (
        awaits_second_check(domain.dns_failures) and domain.dns_state is not DnsState.FAILED
    )


def _lacks_record(domain: Domain) -> bool:
    """Whether the last check missed a record that the domain needs, so that the customer may be fixing it now."""
    return domain.dns_state is DnsState.FAILED or any(
        not record.is_verified for record in required_records(domain) if record.purpose != "routing"
    )


def _future_instants(certificate: Certificate, now: int, policy: CheckPolicy) -> list[int]:
    """Return the future instants at which a warning is due, or the interval changes."""
    warnings_at = certificates.warning_instants(certificate, policy.expiry_thresholds_ms)
    due_at = renewal_due_at(certificate)
    return [instant for instant in (*warnings_at, due_at, certificate.expires_at) if instant > now]
