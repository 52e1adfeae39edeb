"""Answers whose head and body leave in one piece: a call of the system for each costs more than most answers."""

import asyncio
from typing import Final, Protocol

_LARGE_BYTES: Final = 65_536
"""So much is not copied to stand behind a head."""


class AnswerTransport(Protocol):
    """What uvicorn uses of the transport of an answer."""

    def write(self, data: bytes) -> None: ...

    def is_closing(self) -> bool: ...

    def close(self) -> None: ...


class JoinedAnswer:
    """Holds the first piece of an answer until the second one comes, but never beyond this turn of the event loop.

    So a stream's head leaves at once, too.
    """

    __slots__ = ("_held", "_is_begun", "_loop", "_sending", "_transport", "is_closing")

    def __init__(self, transport: AnswerTransport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._is_begun = False
        self._held = b""
        self._sending: asyncio.Handle | None = None
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Send a piece, or hold it if it is the first."""
        if not self._is_begun:
            self._is_begun = True
            self._held = data
            self._sending = self._loop.call_soon(self._send_late)
        elif not self._held:
            self._transport.write(data)
        elif len(data) > _LARGE_BYTES:
            self._send_held()
            self._transport.write(data)
        else:
            joined, self._held = self._held + data, b""
            self._stop_waiting()
            self._transport.write(joined)

    def close(self) -> None:
        """Close the transport behind what is held."""
        self._send_held()
        self._transport.close()

    def _send_late(self) -> None:
        # A connection may have ended in the meantime, and uvloop has nothing written to one that has.
        if not self.is_closing():
            self._send_held()

    def _send_held(self) -> None:
        self._stop_waiting()
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def _stop_waiting(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
