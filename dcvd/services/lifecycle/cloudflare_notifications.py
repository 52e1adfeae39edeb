"""Cloudflare's notifications: hints that a hostname is worth a look now. Looking stays the truth."""

from collections import OrderedDict
from enum import StrEnum
from typing import Final, TypeVar

import structlog

from dcvd.core.domains.cloudflare_notifications import Notification
from dcvd.core.domains.domain import Domain
from dcvd.core.lifecycle.schedule import Lane
from dcvd.core.timeline import CLOUDFLARE
from dcvd.metrics import Metrics
from dcvd.services import timeline
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.store import domains
from dcvd.store.engine.database import Transaction

log = structlog.get_logger(__name__)

V = TypeVar("V")

PAUSE: Final = checks.PAUSE
"""Between two looks at a domain that hints bring about, however many there are."""
_REMEMBERED: Final = 10_000


class Outcome(StrEnum):
    """What came of a notification."""

    DUE = "due"
    """The hostname is looked at as soon as `PAUSE` allows."""
    PLANNED = "planned"
    """Its look is due by then anyway."""
    REPEATED = "repeated"
    UNKNOWN_HOSTNAME = "unknown_hostname"
    OTHER_ZONE = "other_zone"
    WITHOUT_HOSTNAME = "without_hostname"
    """A test, an event of a superseded certificate, or something that we do not know."""


class Hints:
    """Made once. Remembers the last events and the looks that it asked for; a restart forgets them, which costs no more
    than a look at each domain that is named again."""

    def __init__(self, context: Context, metrics: Metrics) -> None:
        self._context = context
        self._metrics = metrics
        self._events: OrderedDict[str, None] = OrderedDict()
        self._asked: OrderedDict[str, int] = OrderedDict()

    async def take(self, notification: Notification) -> Outcome:
        """Make the named hostname due, and change nothing else."""
        outcome = await self._take(notification)
        self._metrics.hint(outcome)
        log.info(
            "hints.taken",
            outcome=outcome.value,
            event_id=notification.event_id,
            type=notification.type,
            hostname=notification.hostname,
            cf_id=notification.hostname_id,
        )
        return outcome

    async def _take(self, notification: Notification) -> Outcome:
        event_id = notification.event_id
        if event_id is not None and event_id in self._events:
            return Outcome.REPEATED
        outcome = await self._act(notification)
        if event_id is not None:
            # Only now: what could not be stored is taken when Cloudflare sends it again.
            _remember(self._events, event_id, None)
        return outcome

    async def _act(self, notification: Notification) -> Outcome:
        if not notification.is_about_a_hostname:
            return Outcome.WITHOUT_HOSTNAME
        zone_id = notification.zone_id
        if zone_id is not None and zone_id.lower() != self._context.config.cloudflare.zone_id.lower():
            return Outcome.OTHER_ZONE
        return await self._context.database.write(lambda tx: self._make_due(tx, notification))

    def _make_due(self, tx: Transaction, notification: Notification) -> Outcome:
        domain = _named(tx, notification)
        if domain is None:
            return Outcome.UNKNOWN_HOSTNAME
        now = self._context.now()
        at = max(now, self._free_at(domain, now))
        if domain.next_sync_at <= at:
            if domain.next_sync_at < now:
                # It keeps its place, but no more the same plan: so a look that is being made, and may have asked before
                # there was anything to see, is followed by another.
                domains.set_next_look(tx, domain.id, domain.next_sync_at + 1)
            return Outcome.PLANNED
        domains.set_next_look(tx, domain.id, at, Lane.WAITING)
        timeline.requested(self._context, tx, domain, actor=CLOUDFLARE, what="hint", detail=notification.type)
        _remember(self._asked, domain.id, at)
        return Outcome.DUE

    def _free_at(self, domain: Domain, now: int) -> int:
        """From when on a hint may bring about a look; a clock that was put back must not put it off."""
        last = max(domain.dns_checked_at or 0, domain.cf_checked_at or 0, self._asked.get(domain.id, 0))
        return last + PAUSE if last <= now + PAUSE else now


def _named(tx: Transaction, notification: Notification) -> Domain | None:
    """By its id at Cloudflare, else by its name."""
    found = None
    if notification.hostname_id is not None:
        found = domains.by_cloudflare_id(tx, notification.hostname_id)
    if found is None and notification.hostname is not None:
        found = domains.by_name(tx, notification.hostname)
    return found


def _remember(known: OrderedDict[str, V], key: str, value: V) -> None:
    known[key] = value
    known.move_to_end(key)
    if len(known) > _REMEMBERED:
        known.popitem(last=False)
