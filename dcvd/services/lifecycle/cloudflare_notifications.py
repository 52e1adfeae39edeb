"""Cloudflare's notifications: each only makes a hostname's check due; what counts is what the check observes."""

from enum import StrEnum

import structlog

from dcvd.core.custom_hostnames.notifications import CloudflareNotification
from dcvd.core.domains.domain import Domain
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.timeline import CLOUDFLARE_ACTOR
from dcvd.kit.limits.recent_entries import RecentEntries
from dcvd.metrics import Metrics
from dcvd.services import timeline
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction

log = structlog.get_logger(__name__)


class NotificationOutcome(StrEnum):
    """What was done about a notification."""

    DUE = "due"
    """The hostname is checked as soon as `RECHECK_DELAY_MS` allows."""
    PLANNED = "planned"
    """The hostname's check is due by then anyway."""
    REPEATED = "repeated"
    UNKNOWN_HOSTNAME = "unknown_hostname"
    OTHER_ZONE = "other_zone"
    WITHOUT_HOSTNAME = "without_hostname"
    """A test, an event of a superseded certificate, or something that we do not know."""


class CloudflareNotificationHandler:
    """Makes the hostnames due that notifications name; built once.

    It remembers the last `max_remembered` events and checks that it requested. A restart forgets them, which costs no
    more than a check of each domain that is named again.
    """

    def __init__(self, context: Context, metrics: Metrics, *, max_remembered: int = 10_000) -> None:
        self._context = context
        self._metrics = metrics
        self._event_ids = RecentEntries[str, None](max_remembered)
        self._requested_checks = RecentEntries[str, int](max_remembered)

    async def handle(self, notification: CloudflareNotification) -> NotificationOutcome:
        """Make the named hostname's check due, and change nothing else."""
        outcome = await self._handle_once(notification)
        self._metrics.count_notification(outcome)
        log.info(
            "hints.taken",
            outcome=outcome.value,
            event_id=notification.event_id,
            type=notification.type,
            hostname=notification.hostname,
            cf_id=notification.hostname_id,
        )
        return outcome

    async def _handle_once(self, notification: CloudflareNotification) -> NotificationOutcome:
        event_id = notification.event_id
        if event_id is not None and event_id in self._event_ids:
            return NotificationOutcome.REPEATED
        outcome = await self._request_check(notification)
        if event_id is not None:
            # Only now: a notification that could not be stored is handled when Cloudflare sends it again.
            self._event_ids[event_id] = None
        return outcome

    async def _request_check(self, notification: CloudflareNotification) -> NotificationOutcome:
        if not notification.is_about_a_hostname:
            return NotificationOutcome.WITHOUT_HOSTNAME
        zone_id = notification.zone_id
        if zone_id is not None and zone_id.lower() != self._context.config.cloudflare.zone_id.lower():
            return NotificationOutcome.OTHER_ZONE
        return await self._context.database.write(lambda tx: self._make_due(tx, notification))

    def _make_due(self, tx: Transaction, notification: CloudflareNotification) -> NotificationOutcome:
        named_domains = _find_domains(tx, notification)
        if not named_domains:
            return NotificationOutcome.UNKNOWN_HOSTNAME
        outcomes = [self._make_domain_due(tx, domain, notification) for domain in named_domains]
        return NotificationOutcome.DUE if NotificationOutcome.DUE in outcomes else NotificationOutcome.PLANNED

    def _make_domain_due(
        self, tx: Transaction, domain: Domain, notification: CloudflareNotification
    ) -> NotificationOutcome:
        now = self._context.now()
        check_at = max(now, self._earliest_check_at(domain, now))
        if domain.next_check_at <= check_at:
            if domain.next_check_at < now:
                # The check stays due, but its planned instant changes: so a check that runs now, and may have asked
                # before there was anything to observe, is followed by another.
                domains.set_next_check(tx, domain.id, domain.next_check_at + 1)
            return NotificationOutcome.PLANNED
        domains.set_next_check(tx, domain.id, check_at, CheckLane.WAITING)
        # What Cloudflare says of a contested name may be the doing of whoever owns it.
        detail = notification.type if domain.may_serve else None
        timeline.record_request(
            self._context, tx, domain.org_id, domain.id, actor=CLOUDFLARE_ACTOR, what="hint", detail=detail
        )
        self._requested_checks[domain.id] = check_at
        return NotificationOutcome.DUE

    def _earliest_check_at(self, domain: Domain, now: int) -> int:
        """When the next requested check may be made; a clock that was put back must not postpone it."""
        last_check_at = max(
            domain.dns_checked_at or 0, domain.cf_checked_at or 0, self._requested_checks.get(domain.id, 0)
        )
        return last_check_at + checks.RECHECK_DELAY_MS if last_check_at <= now + checks.RECHECK_DELAY_MS else now


def _find_domains(tx: Transaction, notification: CloudflareNotification) -> list[Domain]:
    """Find the domain by its id at Cloudflare, else the claims on its name that may have the hostname."""
    cf_id = notification.hostname_id
    domain = None if cf_id is None else domains.find_by_cloudflare_id(tx, cf_id)
    if domain is not None:
        return [domain]
    claims = [] if notification.hostname is None else domains.list_by_name(tx, notification.hostname)
    return [claim for claim in claims if not claim.is_parked and claim.dormant_since is None]
