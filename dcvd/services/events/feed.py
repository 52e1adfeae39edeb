"""The feed of an organization's events: pulled in order, without a gap, whatever became of its webhooks."""

import asyncio
from collections.abc import Collection
from typing import Final

from msgspec import Struct

from dcvd.core.events import Event, EventType
from dcvd.errors import Gone, InvalidInput
from dcvd.services.context import Context
from dcvd.store import events, organizations
from dcvd.store.engine.database import Snapshot, Topic

_MAX_EXAMINED: Final = 2_000
"""Events that one page looks through for those of the types asked for; a page may come short, but it comes soon."""
_MAX_WAITERS: Final = 32
"""Requests of one organization that may wait at once; any more are answered at once, as they may be (RFC 7240)."""


class FeedPage(Struct, frozen=True, kw_only=True):
    """Events in order, and the number after which to go on: all up to it were given, or are of other types."""

    events: list[Event]
    position: int
    has_more: bool


class EventFeed:
    """Made once; `close()` answers all who wait, so that a stop need not wait for them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._is_closed = False
        context.database.subscribe(Topic.EVENTS, self._wake_waiters)

    async def read(
        self, org_id: str, *, after: int | None, types: Collection[EventType] | None, limit: int, wait_s: float = 0.0
    ) -> FeedPage:
        """The events numbered above `after`; None: from the oldest that is stored.

        Where there is none yet, waits up to `wait_s` seconds for one. Raises Gone when events after `after` are past
        their retention, InvalidInput when `after` is a number that was never given.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        waiting = self._waiters.setdefault(org_id, set())
        may_wait = len(waiting) < _MAX_WAITERS
        happened = asyncio.Event()
        waiting.add(happened)
        try:
            while True:
                happened.clear()
                page = await self._read_page(org_id, after, types, limit)
                left = deadline - loop.time()
                if page.events or page.has_more or left <= 0 or self._is_closed or not may_wait:
                    return page
                after = page.position
                try:
                    async with asyncio.timeout(left):
                        await happened.wait()
                except TimeoutError:
                    return page
        finally:
            waiting.discard(happened)
            if not waiting:
                self._waiters.pop(org_id, None)

    def close(self) -> None:
        """Nobody waits any longer."""
        self._is_closed = True
        for waiting in self._waiters.values():
            for happened in waiting:
                happened.set()

    def _wake_waiters(self, org_id: str) -> None:
        for happened in self._waiters.get(org_id, ()):
            happened.set()

    async def _read_page(
        self, org_id: str, after: int | None, types: Collection[EventType] | None, limit: int
    ) -> FeedPage:
        examined = limit if types is None else _MAX_EXAMINED

        def query(snapshot: Snapshot) -> tuple[list[Event], int]:
            forgotten = organizations.read_forgotten_sequence(snapshot, org_id)
            start = forgotten if after is None else after
            # Single events outlive their retention because a delivery needs them; a feed of those would have gaps.
            _check_position(start, forgotten, organizations.read_last_sequence(snapshot, org_id))
            return events.list_of_org(snapshot, org_id, after=start, limit=examined + 1), start

        found, start = await self._context.database.read(query)
        more = len(found) > examined
        chosen: list[Event] = []
        position = start
        for event in found[:examined]:
            if types is None or event.type in types:
                if len(chosen) == limit:
                    return FeedPage(events=chosen, position=position, has_more=True)
                chosen.append(event)
            position = event.sequence
        return FeedPage(events=chosen, position=position, has_more=more)


def _check_position(after_sequence: int, forgotten_sequence: int, last_sequence: int) -> None:
    if after_sequence > last_sequence:
        message = (
            f"after is {after_sequence}, but the last event is number {last_sequence}. If the database was restored "
            "from a backup, "
            f"read on after {last_sequence}."
        )
        raise InvalidInput("after", message, code="after_the_last_event")
    if after_sequence < forgotten_sequence:
        message = (
            f"The events from number {after_sequence + 1} to {forgotten_sequence} are past their retention. Bring your "
            "systems up to "
            f"date from GET /api/domains, then read on after {forgotten_sequence}."
        )
        raise Gone(message, code="events_past_retention")
