"""Damping: DNS that turns over and over is believed, and told, only so often.

A turn is a change of the state, or of what is wrong while somebody waits for the domain. Each is told in an event,
makes the next checks frequent, and may cost a call of Cloudflare. So a domain may turn some times at once, as while its
record is being set up, and after that once per interval. Until then its state and its findings stay; then the next
check counts.
"""

from typing import Final

from msgspec.structs import replace

from dcvd.core.domains.domain import POINTING_STATES, DnsState, Domain
from dcvd.core.instants import HOUR
from dcvd.core.lifecycle.doubt import is_in_doubt

TURNS_AT_ONCE: Final = 12
TURN_INTERVAL_MS: Final = 4 * HOUR
"""As Cloudflare's longest wait between its own checks of a hostname."""
_MAX_DEBT_MS: Final = TURNS_AT_ONCE * TURN_INTERVAL_MS


def may_turn(domain: Domain, now: int) -> bool:
    """Whether a turn of the domain's DNS may be believed now."""
    return _debt_ms(domain, now) <= _MAX_DEBT_MS - TURN_INTERVAL_MS


def count_turn(domain: Domain, now: int) -> Domain:
    """Return the domain with one turn more counted."""
    return replace(domain, dns_settles_at=now + _debt_ms(domain, now) + TURN_INTERVAL_MS)


def held_turn_at(domain: Domain) -> int | None:
    """Return from when on a turn that the last check saw may be believed; None where none is held back."""
    if domain.dns_state is DnsState.FAILED:
        is_held = not domain.dns_failures
    else:
        is_held = domain.dns_state in POINTING_STATES and not is_in_doubt(domain.dns_failures)
    if not is_held or domain.dns_settles_at is None:
        return None
    return domain.dns_settles_at - _MAX_DEBT_MS + TURN_INTERVAL_MS


def _debt_ms(domain: Domain, now: int) -> int:
    """Return how long the turns so far keep the domain from settling; at most what a clock that was put back leaves."""
    return 0 if domain.dns_settles_at is None else min(max(domain.dns_settles_at - now, 0), _MAX_DEBT_MS)
