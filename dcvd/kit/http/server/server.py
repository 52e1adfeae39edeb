"""Serve an ASGI application on bound sockets, inside our own loop, with a drain that we control.

uvicorn supplies the protocol; its Server is left out, because it takes the process's signals and exits on its own.
"""

import asyncio
import socket
import time
from collections.abc import Sequence
from email.utils import formatdate
from typing import Any, cast

import structlog
from uvicorn.config import Config
from uvicorn.server import ServerState

from dcvd.kit.http.client_addresses import ClientAddresses
from dcvd.kit.http.server.acceptor import Acceptor
from dcvd.kit.http.server.connections import ConnectionCap, ConnectionLimits, OpenConnection
from dcvd.kit.http.server.http_limits import HttpLimits
from dcvd.kit.http.server.input_flow import READ_BYTES
from dcvd.kit.http.server.lingering import SlowDrain
from dcvd.kit.http.server.pipelining import BoundedReader
from dcvd.kit.http.server.protocol import GuardedHttpProtocol
from dcvd.kit.http.server.queued_starts import QueuedStarts
from dcvd.kit.http.server.sockets import BACKLOG
from dcvd.kit.http.server.unread_answers import UnreadAnswers

log = structlog.get_logger(__name__)


class HttpServer:
    """Serves TCP and unix sockets. `serve()` takes over the sockets, and closes them at its end.

    cancel_grace_s: seconds that a cancelled request gets for its own clean-up; clients: which addresses are one client.
    """

    def __init__(
        self,
        app: Any,
        *,
        sockets: Sequence[socket.socket],
        limits: HttpLimits | None = None,
        connection_limits: ConnectionLimits | None = None,
        clients: ClientAddresses | None = None,
        name: str = "http",
        cancel_grace_s: float = 2.0,
    ) -> None:
        self.name = name
        self.listening_event = asyncio.Event()
        self._sockets = list(sockets)
        self._state = ServerState()
        self._config = Config(
            app,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
        )
        self._limits = limits or HttpLimits()
        self._drain = SlowDrain()
        self._read_buffer = memoryview(bytearray(READ_BYTES))
        self._cancel_grace_s = cancel_grace_s
        find_claimant = (clients or ClientAddresses()).find_claimant
        self._queued_starts = QueuedStarts(find_claimant)
        self._unread_answers = UnreadAnswers(self._limits.unread_bytes, find_claimant)
        caps = connection_limits or ConnectionLimits()
        self._unix_cap = ConnectionCap(caps.unix)
        self._tcp_cap = ConnectionCap(
            caps.tcp,
            limit_per_client=caps.tcp_per_client,
            find_client=find_claimant,
        )
        self._acceptors: list[Acceptor] = []
        self._stop_event = asyncio.Event()
        self._end_event = asyncio.Event()
        self._idle_event = asyncio.Event()

    def count_connections(self) -> tuple[int, int]:
        """Count the open connections, over TCP and over unix sockets."""
        return self._tcp_cap.open_count, self._unix_cap.open_count

    async def serve(self) -> None:
        """Serve until `stop()` is done; a cancellation cuts everything.

        Raises what the loop raises when it cannot listen.
        """
        self._refresh_date()
        try:
            if not self._stop_event.is_set():
                self._listen()
                self.listening_event.set()
                log.info(
                    "http.listening",
                    server=self.name,
                    addresses=[_format_address(listener) for listener in self._sockets],
                )
                await self._tick_until_stopped()
                await self._end_event.wait()
        finally:
            for acceptor in self._acceptors:
                acceptor.cut()
            self._close_listeners()
            self._abort_everything()

    async def stop(self, *, timeout_s: float) -> None:
        """Stop accepting, give running requests up to `timeout_s` seconds, then cancel them and cut all connections."""
        self._stop_event.set()
        acceptors = list(self._acceptors)
        self._close_listeners()
        idle_s = min(self._limits.stop_idle_s, timeout_s / 2)
        try:
            async with asyncio.timeout(timeout_s):
                # Whoever was accepted is a connection like the others by then.
                await asyncio.gather(*(acceptor.settle() for acceptor in acceptors))
                for connection in self._list_connections():
                    connection.stop(idle_s)
                await self._wait_until_idle()
        except TimeoutError:
            await self._cancel_remaining_requests()
        finally:
            self._end_event.set()

    def _listen(self) -> None:
        for listener in self._sockets:
            listener.listen(BACKLOG)
            cap = self._unix_cap if listener.family == socket.AF_UNIX else self._tcp_cap
            acceptor = Acceptor(listener, cap, self._create_protocol)
            acceptor.start()
            self._acceptors.append(acceptor)

    def _create_protocol(self, connection: OpenConnection) -> BoundedReader:
        protocol = GuardedHttpProtocol(
            self._config,
            self._state,
            self._limits,
            connection,
            starts=self._queued_starts,
            drain=self._drain,
            on_lost=self._notify_if_idle,
        )
        return BoundedReader(protocol, self._read_buffer)

    async def _tick_until_stopped(self) -> None:
        while not self._stop_event.is_set():
            self._refresh_date()
            self._unread_answers.look(self._list_connections(), asyncio.get_running_loop().time())
            try:
                async with asyncio.timeout(1.0 - time.time() % 1.0):
                    await self._stop_event.wait()
            except TimeoutError:
                continue  # the next second began

    def _list_connections(self) -> list[GuardedHttpProtocol]:
        return list(cast("set[GuardedHttpProtocol]", self._state.connections))  # all are of `_create_protocol`

    def _refresh_date(self) -> None:
        self._state.default_headers = [(b"date", formatdate(usegmt=True).encode())]

    async def _wait_until_idle(self) -> None:
        while self._state.tasks:
            await asyncio.wait(list(self._state.tasks))
        while self._state.connections:
            self._idle_event.clear()
            await self._idle_event.wait()

    async def _cancel_remaining_requests(self) -> None:
        tasks = list(self._state.tasks)
        log.warning("http.cut", server=self.name, requests=len(tasks), connections=len(self._state.connections))
        self._abort_everything()
        if tasks:
            _, stuck = await asyncio.wait(tasks, timeout=self._cancel_grace_s)
            if stuck:
                log.error("http.requests_stuck", server=self.name, requests=len(stuck))

    def _notify_if_idle(self) -> None:
        if not self._state.connections:
            self._idle_event.set()

    def _close_listeners(self) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        self._acceptors.clear()
        for listener in self._sockets:
            listener.close()

    def _abort_everything(self) -> None:
        for connection in list(self._state.connections):
            connection.transport.abort()
        for task in list(self._state.tasks):
            task.cancel()


def _format_address(listener: socket.socket) -> str:
    address = listener.getsockname()
    if isinstance(address, tuple):
        host, port = address[0], address[1]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return str(address)
