"""What a receiver may send us in one exchange: so many bytes, and so many interim answers.

aiohttp has no bound of its own here: it skips interim (1xx) answers in a loop that does not yield while there are more
in its buffer, and a chunk may carry an extension without end. A hostile receiver could hold the event loop with either.
It has no public way to choose the protocol either: `meter()` replaces the connector's factory, and a test notices when
that no longer works.
"""

import asyncio
import functools
from typing import Any, Final, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

MAX_RECEIVED: Final = 64 << 10
ENOUGH: Final = 1 << 10
"""Bytes of a body from which on nobody reads further."""
MAX_INTERIM: Final = 8
_SLICE: Final = 2 << 10
"""Bytes that are parsed before the answers in them are counted: a full piece can hold thousands of interim ones."""


class TooMuch(aiohttp.ClientError):
    """The receiver sent more than an answer is worth."""


class MeteredHandler(ResponseHandler):
    """One connection; `begin()` starts the count of an exchange."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._received = 0
        self._interim = 0

    def begin(self) -> None:
        """A new exchange on this connection."""
        self._received = 0
        self._interim = 0
        self._payload = None

    def data_received(self, data: bytes) -> None:
        """Counted before it is parsed: parsing is what would cost."""
        room = MAX_RECEIVED - self._received
        self._received += len(data)
        for start in range(0, min(room, len(data)), _SLICE):
            super().data_received(data[start : min(start + _SLICE, room)])
            if self.exception() is not None or self.transport is None or self.transport.is_closing():
                return
            if len(self._buffer) > MAX_INTERIM + 1:
                self._end(TooMuch(f"it sent more than {MAX_INTERIM} interim answers at once"))
                return
        if len(data) <= room or self.exception() is not None:
            return
        if self.transport is not None:
            self.transport.pause_reading()
        if self._payload is not None and self._payload.total_bytes > ENOUGH:
            # A long answer, and all that is wanted of it is here: its reader closes the connection.
            return
        self._end(TooMuch(f"it sent more than {MAX_RECEIVED >> 10} KiB"))

    def _end(self, error: TooMuch) -> None:
        if self._payload is not None:
            self._payload.set_exception(error)
        self.set_exception(error)
        if self.transport is not None:
            self.transport.abort()

    async def read(self) -> Any:
        """The next answer, which may be an interim one."""
        message, payload = await super().read()
        if 100 <= message.code < 200 and message.code != 101:
            self._interim += 1
            if self._interim > MAX_INTERIM:
                raise TooMuch(f"it sent more than {MAX_INTERIM} interim answers ({message.code})")
            await asyncio.sleep(0)
        return message, payload


def meter(connector: aiohttp.TCPConnector) -> None:
    """Have every connection of a connector counted."""
    factory = functools.partial(MeteredHandler, loop=asyncio.get_running_loop())
    connector._factory = cast("functools.partial[ResponseHandler]", factory)
