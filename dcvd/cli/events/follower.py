"""Follows the events of organizations across restarts of the daemon."""

import asyncio
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from dcvd.api.operators.all.views import FollowedEvents, OrganizationEvent
from dcvd.cli.call_timeouts import find_timeout_s
from dcvd.cli.operations import open_daemon_operations
from dcvd.cli.operations.api_client import UNREACHABLE
from dcvd.cli.operations.choice import require_listener
from dcvd.errors import DcvdError

_MAX_WAIT_S: Final = 20
_MIN_EMPTY_WAIT_S: Final = 1.0
"""Where the daemon lets nobody wait any longer, it answers at once: then it is asked once a second."""
_MAX_DOUBLINGS: Final = 10
_REMEMBERED: Final = 1_000
"""Ids of the last events: one may be read again where the event at which the cursor stands has gone."""


class Pauses(Struct, frozen=True):
    """The seconds between two tries while the daemon is away: each is twice as long as the one before."""

    first_s: float = 0.5
    longest_s: float = 5.0


class Console(Protocol):
    """Shows what happens."""

    def show_event(self, event: OrganizationEvent) -> None: ...
    def show_lost(self) -> None: ...
    def show_found(self) -> None: ...


_USUAL_PAUSES: Final = Pauses()


class EventFollower:
    """Shows each event once, in the order of the commits.

    `query`: the filters of the route. `last`: so many of the events that are there already come first.
    """

    def __init__(
        self,
        socket: Path,
        query: Mapping[str, str],
        console: Console,
        *,
        last: int = 0,
        pauses: Pauses = _USUAL_PAUSES,
    ) -> None:
        self._socket = socket
        self._query = query
        self._console = console
        self._start = {"last": str(last)}
        self._pauses = pauses
        self._shown_ids: deque[str] = deque(maxlen=_REMEMBERED)
        self._wait_s = max(1, min(_MAX_WAIT_S, int(find_timeout_s() / 2)))

    async def run(self) -> None:
        """Follow until it is cancelled. Raises DcvdError where no daemon listens at first, and for what it refuses."""
        await require_listener(self._socket)
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began_at = loop.time()
            try:
                page = await self._read(wait_s=0 if failures else self._wait_s)
            except DcvdError as error:
                if error.code != UNREACHABLE:
                    raise
                if not failures:
                    self._console.show_lost()
                delay_s = self._pauses.first_s * 2 ** min(failures, _MAX_DOUBLINGS)
                await asyncio.sleep(min(delay_s, self._pauses.longest_s))
                failures += 1
                continue
            was_away, failures = failures > 0, 0
            if was_away:
                self._console.show_found()
            self._show(page)
            if not (page.events or page.has_more or was_away):
                await asyncio.sleep(max(0.0, _MIN_EMPTY_WAIT_S - (loop.time() - began_at)))

    async def _read(self, *, wait_s: int) -> FollowedEvents:
        async with open_daemon_operations(self._socket) as operations:
            page = await operations.follow_events({**self._query, **self._start}, wait_s=wait_s)
        self._start = {"after": page.next_cursor}
        return page

    def _show(self, page: FollowedEvents) -> None:
        for event in page.events:
            if event.id not in self._shown_ids:
                self._shown_ids.append(event.id)
                self._console.show_event(event)
