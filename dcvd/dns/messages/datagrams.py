"""Exchange datagrams with name servers, many at once: each by a socket of its own, all of them watched together."""

import asyncio
import math
import select
import socket
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from dcvd.config import SocketAddress

_MAX_DATAGRAM_BYTES: Final = 4096
_MAX_STRAYS: Final = 16
_MAX_EVENTS: Final = 64
_PRECISION_S: Final = 0.010
"""Deadlines this near to one another are one, so that a thousand silent servers are not searched a thousand times."""
_SOCKET_TYPE: Final = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC


class _Exchange(Struct, eq=False):
    socket: socket.SocketType
    is_answer: Callable[[bytes], bool]
    answer: "asyncio.Future[bytes | None]"
    deadline: float
    stray_count: int = 0

    def read(self) -> None:
        """Take the datagram that has come."""
        if self.answer.done():
            return
        try:
            received = self.socket.recv(_MAX_DATAGRAM_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self.answer.set_exception(error)
            return
        if self.is_answer(received):
            self.answer.set_result(received)
            return
        self.stray_count += 1
        if self.stray_count >= _MAX_STRAYS:
            self.answer.set_result(None)


class DatagramExchanges:
    """The exchanges that are under way on one event loop.

    The loop knows of one descriptor and one timer for all of them, and of none while nothing is under way: to have it
    watch each socket and each deadline costs as much as to send and receive.
    """

    def __init__(self) -> None:
        self._by_descriptor: dict[int, _Exchange] = {}
        self._poll: select.epoll | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_deadline = math.inf

    async def exchange(
        self, wire: bytes, server: SocketAddress, is_answer: Callable[[bytes], bool], timeout_s: float
    ) -> bytes | None:
        """Send a datagram, and return the first one from that server that `is_answer` accepts.

        Returns None when too many others came before it, which looks like somebody guessing ids. Each call has its own
        socket, and so its own random port. Raises OSError, and TimeoutError after `timeout_s` seconds.
        """
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
        own_socket = socket.SocketType(family, _SOCKET_TYPE)
        try:
            # On a connected socket the kernel drops what others send, and reports a closed port.
            own_socket.connect((server.host, server.port))
            own_socket.send(wire)
            exchange = _Exchange(own_socket, is_answer, loop.create_future(), loop.time() + timeout_s)
            try:
                self._watch(exchange, loop)
                return await exchange.answer
            finally:
                self._forget(exchange, loop)
        finally:
            own_socket.close()

    def _watch(self, exchange: _Exchange, loop: asyncio.AbstractEventLoop) -> None:
        if self._poll is None:
            self._poll = select.epoll()
            loop.add_reader(self._poll.fileno(), self._read, self._poll)
        descriptor = exchange.socket.fileno()
        self._by_descriptor[descriptor] = exchange
        self._poll.register(descriptor, select.EPOLLIN)
        if exchange.deadline < self._next_deadline:
            self._set_timer(exchange.deadline, loop)

    def _forget(self, exchange: _Exchange, loop: asyncio.AbstractEventLoop) -> None:
        # The kernel forgets the socket once it is closed.
        self._by_descriptor.pop(exchange.socket.fileno(), None)
        if self._by_descriptor:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._next_deadline = None, math.inf
        if self._poll is not None:
            loop.remove_reader(self._poll.fileno())
            self._poll.close()
            self._poll = None

    def _read(self, poll: select.epoll) -> None:
        for descriptor, _ in poll.poll(0, _MAX_EVENTS):
            exchange = self._by_descriptor.get(descriptor)
            if exchange is not None:
                exchange.read()

    def _set_timer(self, deadline: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._next_deadline = loop.call_at(deadline, self._give_up, loop), deadline

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the exchanges whose time is over, and wait for the next one."""
        self._timer, self._next_deadline = None, math.inf
        now = loop.time()
        waiting = [exchange for exchange in self._by_descriptor.values() if not exchange.answer.done()]
        for exchange in waiting:
            if exchange.deadline <= now:
                # Where the loop was late, the answer may lie here, and the server is not to blame.
                exchange.read()
                if not exchange.answer.done():
                    exchange.answer.set_exception(TimeoutError())
        deadlines = [exchange.deadline for exchange in waiting if exchange.deadline > now]
        if deadlines:
            self._set_timer(max(min(deadlines), now + _PRECISION_S), loop)
