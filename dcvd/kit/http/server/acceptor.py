"""Accept connections one by one, as far as their cap and the process's descriptors go.

The event loops' own servers accept all that wait, a thousand and more, before the first of them can be refused.
"""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from dcvd.kit.http.server.connections import ConnectionCap, OpenConnection
from dcvd.kit.http.server.refusals import build_refusal

log = structlog.get_logger(__name__)

_ACCEPTS_A_TURN: Final = 2
"""So many descriptors may be open beyond a cap: a connection that gives way is closed in the next turn of the loop."""
_EXHAUSTED_PAUSE_S: Final = 0.1  # until the next try where the kernel has no descriptor for a connection
_REPORT_INTERVAL_S: Final = 60.0


class Acceptor:
    """Accepts the connections of one listening socket."""

    def __init__(
        self,
        listener: socket.socket,
        cap: ConnectionCap,
        create_protocol: Callable[[OpenConnection], asyncio.BaseProtocol],
    ) -> None:
        self._listener = listener
        self._cap = cap
        self._create_protocol = create_protocol
        self._tasks: set[asyncio.Task[None]] = set()
        self._pause_timer: asyncio.TimerHandle | None = None
        self._last_report = -_REPORT_INTERVAL_S

    def start(self) -> None:
        """Accept from now on; needs a running loop."""
        self._pause_timer = None
        asyncio.get_running_loop().add_reader(self._listener.fileno(), self._accept_some)

    def cut(self) -> None:
        """Accept no more, and drop whoever has no protocol yet."""
        self.close()
        for task in self._tasks:
            task.cancel()

    async def settle(self) -> None:
        """Wait until those who were accepted have their protocols, which is soon."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    def close(self) -> None:
        """Accept no more, and close the socket."""
        if self._pause_timer is not None:
            self._pause_timer.cancel()
        elif self._listener.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
        self._listener.close()

    def _accept_some(self) -> None:
        for _ in range(_ACCEPTS_A_TURN):
            wait_s = self._cap.get_wait_s()
            if wait_s > 0:
                self._pause(wait_s)
                return
            try:
                accepted, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._report("http.accept_failed", reason=error.strerror)
                self._pause(_EXHAUSTED_PAUSE_S)
                return
            connection = self._cap.admit(address[0] if isinstance(address, tuple) else "")
            if connection is None:
                self._report("http.connection_refused")
                _turn_away(accepted)
                continue
            task = asyncio.get_running_loop().create_task(self._connect(accepted, connection), name="http.accept")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self, accepted: socket.socket, connection: OpenConnection) -> None:
        accepted.setblocking(False)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._create_protocol(connection), accepted
            )
        except BaseException as error:
            connection.leave()
            accepted.close()
            if not isinstance(error, OSError):
                raise

    def _pause(self, seconds: float) -> None:
        """Leave those who connect to the kernel for a while: it would call at once again and again."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener.fileno())
        self._pause_timer = loop.call_later(seconds, self.start)

    def _report(self, event: str, **facts: str | None) -> None:
        now = time.monotonic()
        if now - self._last_report >= _REPORT_INTERVAL_S:
            self._last_report = now
            log.warning(event, listener=str(self._listener.getsockname()), **facts)


def _turn_away(accepted: socket.socket) -> None:
    """Answer 503 if the client takes it at once, and close."""
    with accepted, suppress(OSError):
        accepted.setblocking(False)
        accepted.send(build_refusal(503, [(b"retry-after", b"5")]))
        accepted.shutdown(socket.SHUT_WR)
