"""Make exchanges over guarded connections: a limited number at once, each over an idle or a new connection."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Final, TypeVar

import structlog
from msgspec import Struct

from dcvd.core.addresses import IpAddress
from dcvd.core.http.client_certificates import ClientCredentials
from dcvd.core.http.exchanges import FailureReason, ReceivedResponse, RepeatedExchange
from dcvd.kit.egress.connection import DeadlineExceeded, EgressConnection
from dcvd.kit.egress.dial import Dialler
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.idle import IdleConnections
from dcvd.kit.egress.progress import ExchangeProgress
from dcvd.kit.egress.request import Origin

log = structlog.get_logger(__name__)

T = TypeVar("T")

_REQUEST_TIMEOUT: Final = int(HTTPStatus.REQUEST_TIMEOUT)
_AGE_JITTER: Final = 0.25
_CLOSE_TIMEOUT_S: Final = 2.0  # seconds; sockets close within one turn of the loop


class LastAnswer(Struct, frozen=True, gc=False):
    """The last answer that came, of whatever receiver: when (loop time), from where, and whether over TLS."""

    time: float
    address: IpAddress
    is_tls: bool


class ConnectionPool:
    """Allows at most `limit` exchanges at once, and as many idle connections besides."""

    def __init__(self, dialler: Dialler, limit: int, *, keep_alive_s: float, max_age_s: float) -> None:
        self._dialler = dialler
        self._free_slots = limit
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._idle = IdleConnections(limit, keep_alive_s)
        self._open_connections: set[EgressConnection] = set()
        self._max_age_s = max_age_s
        self._is_closed = False
        self._loop = asyncio.get_running_loop()
        self._last_answer_time = 0.0
        self._last_answering_connection: EgressConnection | None = None

    @property
    def open_count(self) -> int:
        """The number of open connections, in use or idle."""
        return len(self._open_connections)

    @property
    def last_answer(self) -> LastAnswer | None:
        """The last answer that came; None where none has come yet."""
        connection = self._last_answering_connection
        if connection is None:
            return None
        return LastAnswer(self._last_answer_time, connection.address, connection.origin.tls)

    def begin_exchange(self, timeout_s: float) -> ExchangeProgress:
        """Return the progress of an exchange that begins now, and has so many seconds."""
        return ExchangeProgress(timeout_s, self._loop)

    async def exchange(
        self,
        origin: Origin,
        request: bytes,
        progress: ExchangeProgress,
        credentials: ClientCredentials | None = None,
    ) -> ReceivedResponse:
        """Send a request, and return its answer; `credentials` are those of the origin. Raises EgressError."""
        if self._free_slots:  # then nobody waits for one
            self._free_slots -= 1
        else:
            await _await_by_deadline(self._wait_for_slot(), origin, progress)
        try:
            kept_connection = self._idle.take(origin)
            if kept_connection is not None:
                try:
                    response = await self._send(kept_connection, request, progress)
                except EgressError as error:
                    if not error.is_retriable:
                        raise
                    progress.repeated = _build_repeated(error, kept_connection, progress)
                else:
                    if response.status != _REQUEST_TIMEOUT:
                        return response
                    kept_connection.abort()
                    progress.repeated = _build_repeated_answer(response, kept_connection, progress)
            # The receiver gave a kept connection up before the request arrived, as any server does with idle ones.
            connection = await self._dial(origin, progress, credentials)
            new_response = await self._send_over_new(connection, request, progress)
            if new_response is not None:
                return new_response
            return await self._send(await self._dial(origin, progress, credentials), request, progress)
        finally:
            self._release_slot()

    async def close(self) -> None:
        """Close every connection; exchanges in flight fail."""
        self._is_closed = True
        self._idle.close()
        for connection in self._open_connections:
            connection.abort()
        if self._open_connections:
            _, still_open = await asyncio.wait(
                [connection.close_future for connection in self._open_connections], timeout=_CLOSE_TIMEOUT_S
            )
            if still_open:
                log.warning("egress.connections_left_open", count=len(still_open))

    async def _wait_for_slot(self) -> None:
        granted = self._loop.create_future()
        self._waiters.append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if not granted.cancelled():
                self._release_slot()
            raise

    def _release_slot(self) -> None:
        while self._waiters:
            granted = self._waiters.popleft()
            if not granted.done():
                granted.set_result(None)
                return
        self._free_slots += 1

    async def _send_over_new(
        self, connection: EgressConnection, request: bytes, progress: ExchangeProgress
    ) -> ReceivedResponse | None:
        """Send a request over a new connection. None where it broke without an answer, and another family is left.

        A repeat carries the same id, and nothing is repeated after a silence, which has used up the time.
        """
        try:
            return await self._send(connection, request, progress)
        except EgressError as error:
            is_silent = connection.first_byte_s is None and not self._is_closed
            if not is_silent or not self._dialler.note_silence(connection):
                raise
            if error.kind == "timeout" or progress.repeated is not None:
                raise
            progress.repeated = _build_repeated(error, connection, progress)
            return None

    async def _send(self, connection: EgressConnection, request: bytes, progress: ExchangeProgress) -> ReceivedResponse:
        progress.remote_ip = connection.remote_ip
        try:
            outcome = await connection.send(request, progress.deadline)
        finally:
            progress.first_byte_s = connection.first_byte_s
            if connection.finish_exchange() and not self._is_closed:
                self._idle.put(connection)
        if isinstance(outcome, ReceivedResponse):
            self._last_answer_time = self._loop.time()
            self._last_answering_connection = connection
            return outcome
        self._require_open(connection.origin)
        if isinstance(outcome, DeadlineExceeded):
            progress.phase = "waiting for the answer"
            raise progress.build_timeout_error(connection.origin.host)
        raise outcome

    async def _dial(
        self, origin: Origin, progress: ExchangeProgress, credentials: ClientCredentials | None
    ) -> EgressConnection:
        self._require_open(origin)
        connection = await _await_by_deadline(self._dialler.dial(origin, progress, credentials), origin, progress)
        # Spread, so that connections that were made together do not end together.
        age_s = self._max_age_s * (1 + _AGE_JITTER * random.random())  # noqa: S311  # nothing secret
        connection.retirement_time = self._loop.time() + age_s
        self._open_connections.add(connection)
        connection.close_future.add_done_callback(lambda _: self._open_connections.discard(connection))
        if self._is_closed:
            connection.abort()
        self._require_open(origin)
        return connection

    def _require_open(self, origin: Origin) -> None:
        if self._is_closed:
            message = f"The exchange with {origin.host} broke off: dcvd is stopping."
            raise EgressError("protocol", FailureReason.OWN_LIMIT, message)


def _build_repeated(error: EgressError, connection: EgressConnection, progress: ExchangeProgress) -> RepeatedExchange:
    return RepeatedExchange(
        reason=error.reason, message=error.message, timings=progress.to_timings(), remote_ip=connection.remote_ip
    )


def _build_repeated_answer(
    response: ReceivedResponse, connection: EgressConnection, progress: ExchangeProgress
) -> RepeatedExchange:
    return RepeatedExchange(response=response, timings=progress.to_timings(), remote_ip=connection.remote_ip)


async def _await_by_deadline(awaitable: Awaitable[T], origin: Origin, progress: ExchangeProgress) -> T:
    try:
        async with asyncio.timeout_at(progress.deadline):
            return await awaitable
    except TimeoutError as error:
        raise progress.build_timeout_error(origin.host) from error
