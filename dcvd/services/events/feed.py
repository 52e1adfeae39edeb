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

_EXAMINED: Final = 2_000
"""Events that one page looks through for those of the types asked for; a page may come short, but it comes soon."""
_MOST_WAITING: Final = 32
"""Requests of one organization that may wait at once; any more are answered at once, as they may be (RFC 7240)."""


class FeedPage(Struct, frozen=True, kw_only=True):
    """Events in order, and the number after which to go on: all up to it were given, or are of other types."""

    events: list[Event]
    position: int
    more: bool


class Feed:
    """Made once; `close()` answers all who wait, so that a stop need not wait for them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._closed = False
        context.database.subscribe(Topic.EVENTS, self._happened)

    async def read(
        self, org_id: str, *, after: int | None, types: Collection[EventType] | None, limit: int, wait: float = 0.0
    ) -> FeedPage:
        """The events numbered above `after`; None: from the oldest that is stored.

        Where there is none yet, waits up to `wait` seconds for one. Raises Gone when events after `after` are past
        their retention, InvalidInput when `after` is a number that was never given.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        waiting = self._waiting.setdefault(org_id, set())
        may_wait = len(waiting) < _MOST_WAITING
        happened = asyncio.Event()
        waiting.add(happened)
        try:
            while True:
                happened.clear()
                page = await self._page(org_id, after, types, limit)
                left = deadline - loop.time()
                if page.events or page.more or left <= 0 or self._closed or not may_wait:
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
                self._waiting.pop(org_id, None)

    def close(self) -> None:
        """Nobody waits any longer."""
        self._closed = True
        for waiting in self._waiting.values():
            for happened in waiting:
                happened.set()

    def _happened(self, org_id: str) -> None:
        for happened in self._waiting.get(org_id, ()):
            happened.set()

    async def _page(self, org_id: str, after: int | None, types: Collection[EventType] | None, limit: int) -> FeedPage:
        examined = limit if types is None else _EXAMINED

        def query(snapshot: Snapshot) -> tuple[list[Event], int]:
            forgotten = organizations.forgotten_sequence(snapshot, org_id)
            start = forgotten if after is None else after
            # Single events outlive their retention because a delivery needs them; a feed of those would have gaps.
            _check(start, forgotten, organizations.last_sequence(snapshot, org_id))
            return events.of_org(snapshot, org_id, after=start, limit=examined + 1), start

        found, start = await self._context.database.read(query)
        more = len(found) > examined
        chosen: list[Event] = []
        position = start
        for event in found[:examined]:
            if types is None or event.type in types:
                if len(chosen) == limit:
                    return FeedPage(events=chosen, position=position, more=True)
                chosen.append(event)
            position = event.sequence
        return FeedPage(events=chosen, position=position, more=more)


def _check(after: int, forgotten: int, last: int) -> None:
    if after > last:
        message = (
            f"after is {after}, but the last event is number {last}. If the database was restored from a backup, "
            f"read on after {last}."
        )
        raise InvalidInput("after", message, code="after_the_last_event")
    if after < forgotten:
        message = (
            f"The events from number {after + 1} to {forgotten} are past their retention. Bring your systems up to "
            f"date from GET /api/domains, then read on after {forgotten}."
        )
        raise Gone(message, code="events_past_retention")
