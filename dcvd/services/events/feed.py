"""The feed of an organization's events: pulled in order and without a gap, whatever happened to its webhooks."""

import asyncio
from collections.abc import Collection
from typing import Final

from msgspec import Struct

from dcvd.core.events import Event, EventType, read_domain_name
from dcvd.core.tokens.reach import DomainReach
from dcvd.errors import Gone, InvalidInput
from dcvd.services.context import Context
from dcvd.store import events
from dcvd.store.engine.transactions import Snapshot, Topic
from dcvd.store.organizations import organizations

_MAX_WAITERS: Final = 32
"""Requests of one organization that may wait at once; any more are answered at once, which RFC 7240 allows, where an
`AdmissionLimit` would refuse them."""


class FeedPage(Struct, frozen=True, kw_only=True):
    """Events in order, and the number after which to read on: all up to it were returned, or are of other types."""

    events: list[Event]
    position: int
    has_more: bool


class EventFeed:
    """Reads the feed, and lets readers wait for new events; built once.

    `close()` answers all who wait, so that a stop need not wait for them.
    max_examined: events that one page examines for the requested types, so that it comes soon, if short of its limit.
    """

    def __init__(self, context: Context, *, max_examined: int = 2_000) -> None:
        self._context = context
        self._max_examined = max_examined
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._is_closed = False
        context.database.subscribe(Topic.EVENTS, self._wake_waiters)

    @property
    def waiter_counts(self) -> dict[str, int]:
        """How many requests of each organization wait, or read; an organization without any is not named."""
        return {org_id: len(waiters) for org_id, waiters in self._waiters.items()}

    async def read(
        self,
        org_id: str,
        *,
        after: int | None,
        types: Collection[EventType] | None,
        limit: int,
        reach: DomainReach | None = None,
        wait_s: float = 0.0,
    ) -> FeedPage:
        """Read the events numbered above `after`; None reads from the oldest that is stored.

        types: only these. reach: only those about domains within it.

        Where there is none yet, waits up to `wait_s` seconds for one. Raises Gone when events after `after` are past
        their retention, InvalidInput when no event had the number `after` yet.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        waiters = self._waiters.setdefault(org_id, set())
        may_wait = len(waiters) < _MAX_WAITERS
        wake_event = asyncio.Event()
        waiters.add(wake_event)
        try:
            while True:
                wake_event.clear()
                page = await self._read_page(org_id, after, types, limit, reach)
                remaining_s = deadline - loop.time()
                if page.events or page.has_more or remaining_s <= 0 or self._is_closed or not may_wait:
                    return page
                after = page.position
                try:
                    async with asyncio.timeout(remaining_s):
                        await wake_event.wait()
                except TimeoutError:
                    return page
        finally:
            waiters.discard(wake_event)
            if not waiters:
                self._waiters.pop(org_id, None)

    def close(self) -> None:
        """Answer everybody who waits, and let nobody wait any longer."""
        self._is_closed = True
        for waiters in self._waiters.values():
            for wake_event in waiters:
                wake_event.set()

    def _wake_waiters(self, org_id: str) -> None:
        for wake_event in self._waiters.get(org_id, ()):
            wake_event.set()

    async def _read_page(
        self,
        org_id: str,
        after: int | None,
        types: Collection[EventType] | None,
        limit: int,
        reach: DomainReach | None,
    ) -> FeedPage:
        max_examined = limit if types is None and reach is None else self._max_examined

        def query(snapshot: Snapshot) -> tuple[list[Event], int]:
            forgotten_sequence = organizations.read_forgotten_sequence(snapshot, org_id)
            start = forgotten_sequence if after is None else after
            # Some events outlive their retention because a delivery needs them; a feed of those would have gaps.
            _check_position(start, forgotten_sequence, organizations.read_last_sequence(snapshot, org_id))
            return events.list_of_org(snapshot, org_id, after=start, limit=max_examined + 1), start

        examined_events, start = await self._context.database.read(query)
        has_more = len(examined_events) > max_examined
        matching_events: list[Event] = []
        position = start
        for event in examined_events[:max_examined]:
            is_covered = reach is None or reach.covers(event.domain_id, read_domain_name(event.body))
            if is_covered and (types is None or event.type in types):
                if len(matching_events) == limit:
                    return FeedPage(events=matching_events, position=position, has_more=True)
                matching_events.append(event)
            position = event.sequence
        return FeedPage(events=matching_events, position=position, has_more=has_more)


def _check_position(after_sequence: int, forgotten_sequence: int, last_sequence: int) -> None:
    if after_sequence > last_sequence:
        message = (
            f"after is {after_sequence}, but the last event is number {last_sequence}. If the database was restored "
            f"from a backup, read on after {last_sequence}."
        )
        raise InvalidInput("after", message, code="after_the_last_event")
    if after_sequence < forgotten_sequence:
        message = (
            f"The events from number {after_sequence + 1} to {forgotten_sequence} are past their retention. Bring your "
            f"systems up to date from GET /api/domains, then read on after {forgotten_sequence}."
        )
        raise Gone(message, code="events_past_retention")
