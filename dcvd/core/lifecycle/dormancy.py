"""Dormancy: a claim that stays unproved for long gives its hostname at Cloudflare back, where pending ones are billed.

The claim stays, its status remains `pending_cname`, and DNS is asked once a day. It is registered again when its record
appears. How long it has been unproved is added up from check to check, each counted with a bounded time: so neither a
step of the clock nor a long stop of the daemon makes a claim dormant.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.diagnosis.proofs import find_proof
from dcvd.core.dns.facts import DnsObservation
from dcvd.core.domains.domain import POINTING_STATES, Domain, DomainStatus
from dcvd.core.domains.observations import ClaimHeld
from dcvd.core.instants import DAY, HOUR

DORMANT_INTERVAL_MS: Final = DAY
_MAX_COUNTED_MS: Final = 6 * HOUR
"""The most that one check adds; a waiting domain is checked every 4 hours at least, and some later by jitter."""


class WaitStep(Struct, frozen=True):
    """A domain after its wait was counted, and whether it has just become dormant."""

    domain: Domain
    falls_dormant: bool = False


def apply_wait(
    before: Domain, domain: Domain, observations: Sequence[object], now: int, dormant_after_ms: int
) -> WaitStep:
    """Count the wait for a proof after a check, and put the domain to sleep or wake it.

    A claim that is proved while another holds the name does not wait for a proof, also where a zone's proves it. One
    whose hostname is only read keeps that.
    """
    facts = next((each.facts for each in observations if isinstance(each, DnsObservation)), None)
    if facts is None or facts.outcome != "answered" or domain.proof is not None or domain.read_only is not None:
        return WaitStep(domain)
    is_held = any(isinstance(each, ClaimHeld) for each in observations)
    has_record = is_held or domain.dns_state in POINTING_STATES or find_proof(domain, facts) is not None
    if domain.dormant_since is not None:
        return WaitStep(_wake(domain, now) if has_record else domain)
    if has_record:
        return WaitStep(domain)
    last_at = before.created_at if before.dns_checked_at is None else before.dns_checked_at
    domain = replace(domain, unproved_ms=domain.unproved_ms + min(max(now - last_at, 0), _MAX_COUNTED_MS))
    if domain.unproved_ms < dormant_after_ms:
        return WaitStep(domain)
    return WaitStep(_put_to_sleep(domain, now), falls_dormant=True)


def _put_to_sleep(domain: Domain, now: int) -> Domain:
    return replace(
        domain,
        status=DomainStatus.PENDING_CNAME,
        error=None,
        cf_id=None,
        cf_status=None,
        cf_ssl_status=None,
        cf_errors=(),
        cf_ssl_errors=(),
        cf_differences=(),
        waits_for_txt=False,
        pending_reports=0,
        remedies_applied=0,
        remedy_wait_started_at=None,
        dormant_since=now,
        updated_at=now,
    )


def _wake(domain: Domain, now: int) -> Domain:
    return replace(domain, dormant_since=None, unproved_ms=0, updated_at=now)
