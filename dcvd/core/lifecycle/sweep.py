"""Whether many looks are made from pages of Cloudflare's list, each of which costs one call, or one call for each."""

from typing import Final

from msgspec.structs import replace

from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.lifecycle import transitions
from dcvd.core.lifecycle.transitions import LifecycleRules

_LEAST_GAIN: Final = 2
"""A walk through the list is begun when single calls would cost so many times as much: what is due when it starts may
have been seen otherwise before the walk comes to it."""
_EARLY_CHECK_DIVISOR: Final = 8
"""A page also serves what would be due within this part of the usual interval, so the next walk comes later."""


def fewest_due_to_start(pages: int) -> int:
    """The number of due domains from which on a walk of so many pages is worth more than single calls."""
    return pages * _LEAST_GAIN


def is_worth_continuing(due_domains: int, pages_left: int) -> bool:
    """Whether a walk that has been begun still costs less than single calls would.

    Only when it costs clearly more it is given up, so that the two ways do not alternate.
    """
    return due_domains * _LEAST_GAIN >= pages_left


def may_check(domain: Domain, now: int, started_at: int, active_interval_ms: int) -> bool:
    """Whether a walk that `started_at` at an instant makes the look at a domain that it comes across.

    Pages shift while hostnames come and go: what was met once and looked at is not taken a second time.
    """
    if domain.next_check_at <= now:
        return True
    fresh = domain.cf_checked_at is not None and domain.cf_checked_at >= started_at
    return not fresh and domain.next_check_at <= now + active_interval_ms // _EARLY_CHECK_DIVISOR


def has_changed(domain: Domain, hostname: CloudflareHostname, now: int, rules: LifecycleRules) -> bool:
    """Whether what a page says of a domain is anything else than what is stored."""
    step = transitions.apply_observation(domain, hostname, now, rules)
    if step.events:
        return True
    after = replace(step.domain, cf_checked_at=domain.cf_checked_at)
    if domain.status is not DomainStatus.ACTIVE:
        # A doubt is one about a domain in service.
        after = replace(after, pending_reports=domain.pending_reports)
    return after != domain
