"""Readers who wait for events: of one organization, or of any."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from dcvd.services.context import Context
from dcvd.services.watching import Watchers
from dcvd.store.engine.transactions import Topic

_MAX_WAITERS: Final = 32
"""Requests for one organization that may wait at once; any more are answered at once, which RFC 7240 allows, where an
`AdmissionLimit` would refuse them."""
P = TypeVar("P")


class EventWaiters:
    """Wakes readers when events are committed; built once.

    `close()` answers all who wait, so that a stop need not wait for them.
    """

    def __init__(self, context: Context) -> None:
        # Apart from those of open pages, which take no place from readers.
        self._watchers = Watchers(context, (Topic.EVENTS,))

    @property
    def counts(self) -> dict[str, int]:
        """How many requests for each organization wait, or read; an organization without any is not named."""
        return {org_id: count for (_, org_id), count in self._watchers.counts.items()}

    async def read(
        self,
        org_id: str,
        read_page: Callable[[], Awaitable[P]],
        *,
        is_worth_an_answer: Callable[[P], bool],
        wait_s: float,
    ) -> P:
        """Read a page; where it is not worth an answer, read again after each event, for up to `wait_s` seconds.

        org_id: `watching.ANY_ORGANIZATION` for an event of whichever comes first.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        may_wait = self._watchers.count(Topic.EVENTS, org_id) < _MAX_WAITERS
        with self._watchers.watch(Topic.EVENTS, org_id) as wake_event:
            while True:
                wake_event.clear()
                page = await read_page()
                remaining_s = deadline - loop.time()
                if is_worth_an_answer(page) or remaining_s <= 0 or self._watchers.is_closed or not may_wait:
                    return page
                try:
                    async with asyncio.timeout(remaining_s):
                        await wake_event.wait()
                except TimeoutError:
                    return page

    def close(self) -> None:
        """Answer everybody who waits, and let nobody wait any longer."""
        self._watchers.close()
