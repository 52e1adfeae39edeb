"""Readers who wait for events: of one organization, or of any."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from dcvd.services.context import Context
from dcvd.store.engine.transactions import Topic

ANY_ORGANIZATION: Final = ""
"""Stands in place of an organization's id for readers who wait for an event of whichever comes first."""
_MAX_WAITERS: Final = 32
"""Requests for one organization that may wait at once; any more are answered at once, which RFC 7240 allows, where an
`AdmissionLimit` would refuse them."""
P = TypeVar("P")


class EventWaiters:
    """Wakes readers when events are committed; built once.

    `close()` answers all who wait, so that a stop need not wait for them.
    """

    def __init__(self, context: Context) -> None:
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._is_closed = False
        context.database.subscribe(Topic.EVENTS, self._wake)

    @property
    def counts(self) -> dict[str, int]:
        """How many requests for each organization wait, or read; an organization without any is not named."""
        return {org_id: len(waiters) for org_id, waiters in self._waiters.items()}

    async def read(
        self,
        org_id: str,
        read_page: Callable[[], Awaitable[P]],
        *,
        is_worth_an_answer: Callable[[P], bool],
        wait_s: float,
    ) -> P:
        """Read a page; where it is not worth an answer, read again after each event, for up to `wait_s` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        waiters = self._waiters.setdefault(org_id, set())
        may_wait = len(waiters) < _MAX_WAITERS
        wake_event = asyncio.Event()
        waiters.add(wake_event)
        try:
            while True:
                wake_event.clear()
                page = await read_page()
                remaining_s = deadline - loop.time()
                if is_worth_an_answer(page) or remaining_s <= 0 or self._is_closed or not may_wait:
                    return page
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

    def _wake(self, org_id: str) -> None:
        for key in (org_id, ANY_ORGANIZATION):
            for wake_event in self._waiters.get(key, ()):
                wake_event.set()
