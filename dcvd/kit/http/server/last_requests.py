"""What becomes of connections without a request when the server stops.

A client that has just connected, or uses an idle connection again, cannot know that the server stops: if that closed
the connection at once, the request on its way would be answered by a reset. So such a client gets a moment, and what it
asks meanwhile is answered, as the last request of its connection.
"""

import asyncio

from uvicorn.config import Config
from uvicorn.server import ServerState

from dcvd.kit.http.server.pipelining import PipeliningHttpProtocol
from dcvd.kit.http.server.queued_starts import QueuedStarts


class LastRequestHttpProtocol(PipeliningHttpProtocol):
    """One connection of a client, which may ask once more when the server stops."""

    def __init__(self, config: Config, server_state: ServerState, starts: QueuedStarts) -> None:
        super().__init__(config, server_state, starts)
        self._takes_last_request = False
        self._idle_timer: asyncio.TimerHandle | None = None

    def stop(self, idle_s: float) -> None:
        """End with the request that runs; if there is none, with one that comes within `idle_s` seconds, or then."""
        if self._is_answering:
            self.shutdown()
        else:
            self._takes_last_request = True
            self._idle_timer = self.loop.call_later(idle_s, self._end_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._takes_last_request:
            self.cycle.keep_alive = False

    @property
    def _is_answering(self) -> bool:
        # It is None before the first request, whatever uvicorn's annotation says.
        return getattr(self, "cycle", None) is not None and not self.cycle.response_complete

    def _end_idle(self) -> None:
        if not self._is_answering:
            self.transport.close()
