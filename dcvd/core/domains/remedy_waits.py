"""How long a remedy waits: each is tried only once per step of a schedule whose steps grow to a day."""

from typing import Final

from dcvd.core.domains.domain import POINTING_STATES, DnsState, Domain
from dcvd.core.instants import DAY, HOUR

REMEDY_DELAYS_MS: Final = (0, HOUR, 4 * HOUR, 12 * HOUR, DAY)
"""The least wait after the n-th remedy since the domain was last healthy; the last one repeats."""

WAIT_FOR_DNS_MS: Final = 3 * DAY


def may_point_here(domain: Domain) -> bool:
    """Whether DNS points here, or may do so without our seeing it."""
    return domain.dns_state in POINTING_STATES or domain.dns_state is DnsState.UNKNOWN


def may_validate(domain: Domain) -> bool:
    """Whether a validation by the CA could succeed, as far as we know."""
    if domain.validation == "http":
        return may_point_here(domain)
    # Cloudflare also tries a name over HTTP once it points there, but never a wildcard.
    return domain.challenge_verified or (not domain.wildcard and may_point_here(domain))


def revalidation_due_at(domain: Domain, *, may_succeed: bool) -> int | None:
    """Return from when on Cloudflare is asked to validate a domain again; None where that has not to wait.

    may_succeed: whether a validation could succeed, as far as we know.
    """
    step_ms = REMEDY_DELAYS_MS[min(domain.remedies_applied, len(REMEDY_DELAYS_MS) - 1)]
    wait_ms = max(step_ms, 0 if may_succeed else WAIT_FOR_DNS_MS)
    started_at = domain.remedy_wait_started_at
    return None if started_at is None or not wait_ms else started_at + wait_ms
