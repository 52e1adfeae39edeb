"""When a domain is looked at again, and in which lane it waits. Pure: the clock and the random number are given."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.domains.dns_facts import DnsObservation
from dcvd.core.domains.domain import WAITING_STATUSES, Certificate, DnsState, Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareObservation
from dcvd.core.instants import HOUR, MINUTE, SECOND
from dcvd.core.lifecycle import certificates
from dcvd.core.retry_delays import add_jitter, cloudflare_backoff_ms

_ERROR_INTERVAL_MS: Final = 4 * HOUR
_RENEWAL_INTERVAL_MS: Final = 4 * HOUR
_OVERDUE_INTERVAL_MS: Final = 1 * HOUR
LONGEST_FIXED_INTERVAL_MS: Final = max(_ERROR_INTERVAL_MS, _RENEWAL_INTERVAL_MS)
_FRESH_INTERVAL_MS: Final = 5 * SECOND
"""Cloudflare gives a new hostname's records "after a few seconds" only."""


class CheckLane(IntEnum):
    """Domains wait in lanes for their look, so that none holds up another of a different kind."""

    WAITING = 0
    """Somebody waits for it to be set up, or for a second look that decides."""
    ROUTINE = 1
    FAILING = 2
    """Its last looks could not be made, and the next may again take as long as a timeout."""


_INCOMPLETE_CHECKS_TO_FAIL: Final = 2
_FIRST_RETRY_DELAY_MS: Final = MINUTE
_LONGEST_RETRY_DELAY_MS: Final = HOUR


def choose_lane(domain: Domain) -> CheckLane:
    """In which lane a domain waits."""
    if domain.incomplete_checks >= _INCOMPLETE_CHECKS_TO_FAIL:
        return CheckLane.FAILING
    return CheckLane.WAITING if domain.status in WAITING_STATUSES or _awaits_second_check(domain) else CheckLane.ROUTINE


def count_incomplete_checks(
    domain: Domain, check_observations: Iterable[DnsObservation | CloudflareObservation]
) -> int:
    """How many looks in a row have missed something, after one at which all that was `check_observations` was seen.

    A look without DNS is somebody else's, such as a job's that told Cloudflare something: it neither misses nor finds.
    """
    observations = list(check_observations)
    dns = next((each for each in observations if isinstance(each, DnsObservation)), None)
    if dns is None:
        return domain.incomplete_checks
    whole = domain.cf_id is None or len(observations) > 1
    return 0 if whole and dns.facts.outcome == "answered" else domain.incomplete_checks + 1


class CheckPolicy(Struct, frozen=True, kw_only=True):
    """The configured pace, in milliseconds; `expiry_thresholds_ms` as in `lifecycle.look`."""

    pending_interval_ms: int
    active_interval_ms: int
    expiry_thresholds_ms: tuple[int, ...]


def next_check_at(
    domain: Domain, now: int, policy: CheckPolicy, random_fraction: float, *, next_remedy_at: int | None = None
) -> int:
    """The instant of the next routine look; `random_fraction` in [0, 1) spreads the domains out.

    next_remedy_at: when the next remedy's turn comes (`healing.turn_at`), which a look brings about.

    What missed something is tried again soon and then ever more rarely, but never more rarely than what did not.
    """
    planned = _routine_check_at(domain, now, policy, random_fraction)
    if next_remedy_at is not None and next_remedy_at > now:
        planned = min(planned, next_remedy_at)
    if not domain.incomplete_checks:
        return planned
    retry = min(_FIRST_RETRY_DELAY_MS << min(domain.incomplete_checks - 1, 10), _LONGEST_RETRY_DELAY_MS)
    return min(planned, now + add_jitter(retry, random_fraction))


def _routine_check_at(domain: Domain, now: int, policy: CheckPolicy, random_fraction: float) -> int:
    match domain.status:
        case DomainStatus.PENDING_CNAME | DomainStatus.ISSUING:
            wait = cloudflare_backoff_ms(domain.checks_since_change, policy.pending_interval_ms)
            if domain.cf_ssl_status == "initializing" and domain.checks_since_change < 3:
                wait = min(wait, _FRESH_INTERVAL_MS)
            return now + add_jitter(wait, random_fraction)
        case DomainStatus.ERROR:
            return now + add_jitter(_ERROR_INTERVAL_MS, random_fraction)
        case DomainStatus.ACTIVE:
            return _active_check_at(domain, now, policy, random_fraction)
        case _:
            assert_never(domain.status)


def _active_check_at(domain: Domain, now: int, policy: CheckPolicy, random_fraction: float) -> int:
    if _awaits_second_check(domain):
        return now + add_jitter(policy.pending_interval_ms, random_fraction)
    usual = policy.active_interval_ms
    if _lacks_record(domain):
        usual = min(usual, cloudflare_backoff_ms(domain.checks_since_change, policy.pending_interval_ms))
    certificate = domain.certificate
    if certificate is None:
        return now + add_jitter(usual, random_fraction)
    due = certificates.renewal_due_at(certificate)
    if now >= certificates.renewal_overdue_at(certificate):
        interval = _OVERDUE_INTERVAL_MS
    elif now >= due:
        interval = _RENEWAL_INTERVAL_MS
    else:
        interval = usual
    routine = now + add_jitter(min(interval, usual), random_fraction)
    return min([routine, *_future_instants(certificate, now, policy)])


def _awaits_second_check(domain: Domain) -> bool:
    """One failed check, or one doubt of Cloudflare's, is not believed: the second, which decides, has to come soon."""
    if domain.status is not DomainStatus.ACTIVE:
        return False
    return domain.pending_reports > 0 or (domain.dns_failures > 0 and domain.dns_state is not DnsState.FAILED)


def _lacks_record(domain: Domain) -> bool:
    """It serves, but a record that it needs was not seen: the customer may be putting it right at this moment."""
    return domain.dns_state is DnsState.FAILED or (domain.validation == "delegated" and not domain.challenge_verified)


def _future_instants(certificate: Certificate, now: int, policy: CheckPolicy) -> list[int]:
    """Instants at which something must be told, or the pace changes, whatever the routine is."""
    moments = certificates.warning_instants(certificate, policy.expiry_thresholds_ms)
    due = certificates.renewal_due_at(certificate)
    return [moment for moment in (*moments, due, certificate.expires_at) if moment > now]
