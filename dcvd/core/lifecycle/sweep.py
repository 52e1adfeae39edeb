"""Sweeps: whether due checks read pages of Cloudflare's list, or each make a call of their own."""

from typing import Final

from msgspec.structs import replace

from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.lifecycle import transitions
from dcvd.core.lifecycle.transitions import LifecycleRules

_MIN_GAIN_FACTOR: Final = 2
"""A sweep starts when single calls would cost so many times as much, because some of the due domains may be checked
otherwise before the sweep reaches them."""
_EARLY_CHECK_DIVISOR: Final = 8
"""A page also checks domains that are due within this part of the usual interval, which puts off the next sweep."""


def fewest_due_to_start(pages: int) -> int:
    """Return the fewest due domains for which a sweep of that many pages is cheaper than single calls."""
    return pages * _MIN_GAIN_FACTOR


def is_worth_continuing(due_domains: int, pages_left: int) -> bool:
    """Whether a sweep that has started is worth continuing.

    It is given up only when it costs clearly more than single calls, so that the two ways do not alternate.
    """
    return due_domains * _MIN_GAIN_FACTOR >= pages_left


def may_check(domain: Domain, now: int, started_at: int, active_interval_ms: int) -> bool:
    """Whether a sweep that began at `started_at` checks a domain that it reaches.

    Pages shift while hostnames come and go, so a domain that the sweep has checked may come again; it is not checked
    twice.
    """
    if domain.next_check_at <= now:
        return True
    is_fresh = domain.cf_checked_at is not None and domain.cf_checked_at >= started_at
    return not is_fresh and domain.next_check_at <= now + active_interval_ms // _EARLY_CHECK_DIVISOR


def has_changed(domain: Domain, hostname: CloudflareHostname, now: int, rules: LifecycleRules) -> bool:
    """Whether a page of the list shows a domain in another state than the stored one."""
    step = transitions.apply_observation(domain, hostname, now, rules)
    if step.events:
        return True
    # Settings that are only kept are read again before each edit.
    after = replace(step.domain, cf_checked_at=domain.cf_checked_at, kept_settings=domain.kept_settings)
    if domain.status is not DomainStatus.ACTIVE:
        # Reports of a pending hostname count for active domains only.
        after = replace(after, pending_reports=domain.pending_reports)
    return after != domain
