"""Exchanges over guarded connections: so many at once, each over one that is idle or over a fresh one."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

import structlog

from dcvd.core.http_exchanges import FailureReason
from dcvd.kit.egress.connection import Connection, Late, Reply
from dcvd.kit.egress.course import Course
from dcvd.kit.egress.dial import Dialler
from dcvd.kit.egress.failures import Failed
from dcvd.kit.egress.idle import IdleConnections
from dcvd.kit.egress.request import Origin

log = structlog.get_logger(__name__)

T = TypeVar("T")

_CLOSING: Final = 2.0  # seconds; sockets close within one turn of the loop


class ConnectionPool:
    """At most `limit` exchanges at once, and as many idle connections beside them."""

    def __init__(self, dialler: Dialler, limit: int) -> None:
        self._dialler = dialler
        self._slots = asyncio.Semaphore(limit)
        self._idle = IdleConnections(limit)
        self._open: set[Connection] = set()
        self._closed = False

    async def exchange(self, origin: Origin, request: bytes, course: Course) -> Reply:
        """Raises Failed."""
        if self._slots.locked():
            await _by_deadline(self._slots.acquire(), origin, course)
        else:
            await self._slots.acquire()
        try:
            connection = self._idle.take(origin)
            if connection is not None:
                try:
                    return await self._ask(connection, request, course)
                except Failed as error:
                    if not error.retriable:
                        raise
                    # The receiver closed it while the request was on its way: what any server does with idle ones.
            return await self._ask(await self._dial(origin, course), request, course)
        finally:
            self._slots.release()

    async def close(self) -> None:
        """Closes every connection; what is under way fails."""
        self._closed = True
        self._idle.close()
        for connection in self._open:
            connection.abort()
        if self._open:
            _, left = await asyncio.wait([connection.lost for connection in self._open], timeout=_CLOSING)
            if left:
                log.warning("egress.connections_left_open", count=len(left))

    async def _ask(self, connection: Connection, request: bytes, course: Course) -> Reply:
        course.remote_ip = connection.remote_ip
        try:
            outcome = await connection.send(request, course.ends_at)
        finally:
            course.first_byte = connection.first_byte
            if connection.settle() and not self._closed:
                self._idle.put(connection)
        if isinstance(outcome, Reply):
            return outcome
        self._check_open(connection.origin)
        if isinstance(outcome, Late):
            course.phase = outcome.phase
            raise course.late(connection.origin.host)
        raise outcome

    async def _dial(self, origin: Origin, course: Course) -> Connection:
        self._check_open(origin)
        connection = await _by_deadline(self._dialler.dial(origin, course), origin, course)
        self._open.add(connection)
        connection.lost.add_done_callback(lambda _: self._open.discard(connection))
        if self._closed:
            connection.abort()
        self._check_open(origin)
        return connection

    def _check_open(self, origin: Origin) -> None:
        if self._closed:
            message = f"The exchange with {origin.host} broke off: dcvd is stopping."
            raise Failed("protocol", FailureReason.OWN_LIMIT, message)


async def _by_deadline(what: Awaitable[T], origin: Origin, course: Course) -> T:
    try:
        async with asyncio.timeout_at(course.ends_at):
            return await what
    except TimeoutError as error:
        raise course.late(origin.host) from error
