"""When a domain is looked at again, and in which lane it waits. Pure: the clock and the random number are given."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.backoff import cloudflare_step, jittered
from dcvd.core.domains.dns_facts import DnsObservation
from dcvd.core.domains.domain import WAITING, Certificate, DnsState, Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareObservation
from dcvd.core.instants import HOUR, MINUTE, SECOND
from dcvd.core.lifecycle import certificates

_ERROR_INTERVAL: Final = 4 * HOUR
_RENEWAL_INTERVAL: Final = 4 * HOUR
_OVERDUE_INTERVAL: Final = 1 * HOUR
LONGEST_FIXED: Final = max(_ERROR_INTERVAL, _RENEWAL_INTERVAL)
_FRESH_INTERVAL: Final = 5 * SECOND
"""Cloudflare gives a new hostname's records "after a few seconds" only."""


class Lane(IntEnum):
    """Domains wait in lanes for their look, so that none holds up another of a different kind."""

    WAITING = 0
    """Somebody waits for it to be set up, or for a second look that decides."""
    ROUTINE = 1
    FAILING = 2
    """Its last looks could not be made, and the next may again take as long as a timeout."""


_MISSES_TO_FAIL: Final = 2
_FIRST_RETRY: Final = MINUTE
_LONGEST_RETRY: Final = HOUR


def lane(domain: Domain) -> Lane:
    """In which lane a domain waits."""
    if domain.misses >= _MISSES_TO_FAIL:
        return Lane.FAILING
    return Lane.WAITING if domain.status in WAITING or _undecided(domain) else Lane.ROUTINE


def misses(domain: Domain, seen: Iterable[DnsObservation | CloudflareObservation]) -> int:
    """How many looks in a row have missed something, after one at which all that was `seen` was seen.

    A look without DNS is somebody else's, such as a job's that told Cloudflare something: it neither misses nor finds.
    """
    observations = list(seen)
    dns = next((each for each in observations if isinstance(each, DnsObservation)), None)
    if dns is None:
        return domain.misses
    whole = domain.cf_id is None or len(observations) > 1
    return 0 if whole and dns.facts.outcome == "answered" else domain.misses + 1


class LookPolicy(Struct, frozen=True, kw_only=True):
    """The configured pace, in milliseconds; `expiring_soon` as in `lifecycle.look`."""

    pending_interval: int
    active_interval: int
    expiring_soon: tuple[int, ...]


def next_look(domain: Domain, now: int, policy: LookPolicy, fraction: float, *, healing_at: int | None = None) -> int:
    """The instant of the next routine look; `fraction` in [0, 1) spreads the domains out.

    healing_at: when the next remedy's turn comes (`healing.turn_at`), which a look brings about.

    What missed something is tried again soon and then ever more rarely, but never more rarely than what did not.
    """
    planned = _planned(domain, now, policy, fraction)
    if healing_at is not None and healing_at > now:
        planned = min(planned, healing_at)
    if not domain.misses:
        return planned
    retry = min(_FIRST_RETRY << min(domain.misses - 1, 10), _LONGEST_RETRY)
    return min(planned, now + jittered(retry, fraction))


def _planned(domain: Domain, now: int, policy: LookPolicy, fraction: float) -> int:
    match domain.status:
        case DomainStatus.PENDING_CNAME | DomainStatus.ISSUING:
            wait = cloudflare_step(domain.looks, policy.pending_interval)
            if domain.cf_ssl_status == "initializing" and domain.looks < 3:
                wait = min(wait, _FRESH_INTERVAL)
            return now + jittered(wait, fraction)
        case DomainStatus.ERROR:
            return now + jittered(_ERROR_INTERVAL, fraction)
        case DomainStatus.ACTIVE:
            return _active(domain, now, policy, fraction)
        case _:
            assert_never(domain.status)


def _active(domain: Domain, now: int, policy: LookPolicy, fraction: float) -> int:
    if _undecided(domain):
        return now + jittered(policy.pending_interval, fraction)
    usual = policy.active_interval
    if _lacks_a_record(domain):
        usual = min(usual, cloudflare_step(domain.looks, policy.pending_interval))
    certificate = domain.certificate
    if certificate is None:
        return now + jittered(usual, fraction)
    due = certificates.renewal_due_at(certificate)
    if now >= certificates.renewal_overdue_at(certificate):
        interval = _OVERDUE_INTERVAL
    elif now >= due:
        interval = _RENEWAL_INTERVAL
    else:
        interval = usual
    routine = now + jittered(min(interval, usual), fraction)
    return min([routine, *_moments_ahead(certificate, now, policy)])


def _undecided(domain: Domain) -> bool:
    """One failed check, or one doubt of Cloudflare's, is not believed: the second, which decides, has to come soon."""
    if domain.status is not DomainStatus.ACTIVE:
        return False
    return domain.doubts > 0 or (domain.dns_failures > 0 and domain.dns_state is not DnsState.FAILED)


def _lacks_a_record(domain: Domain) -> bool:
    """It serves, but a record that it needs was not seen: the customer may be putting it right at this moment."""
    return domain.dns_state is DnsState.FAILED or (domain.validation == "delegated" and not domain.challenge_verified)


def _moments_ahead(certificate: Certificate, now: int, policy: LookPolicy) -> list[int]:
    """Instants at which something must be told, or the pace changes, whatever the routine is."""
    moments = certificates.warning_moments(certificate, policy.expiring_soon)
    due = certificates.renewal_due_at(certificate)
    return [moment for moment in (*moments, due, certificate.expires_at) if moment > now]
