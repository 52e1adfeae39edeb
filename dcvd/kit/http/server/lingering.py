"""What becomes of the rest of a request whose answer is sent before the whole of its body has arrived.

A connection that is closed with unread input makes the kernel send a reset, which can destroy the answer on its way
(RFC 9112, section 9.6). So our side alone is closed at first, and the rest is read for a moment: at a rate that all
such connections share, so that it costs others little however many there are. Where the rest is small, it is read like
any other input, and the connection takes further requests.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

_SMALL_REST_BYTES: Final = 65_536
_INTERVAL_S: Final = 0.01
_PIECES_AN_INTERVAL: Final = 16
"""With READ_BYTES each, 25 MiB in a second: a single body of 1 MiB takes 40 ms."""


class SlowDrain:
    """Lets connections read a piece each, in turn, and few of them at once."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._pieces_left = _PIECES_AN_INTERVAL
        self._timer: asyncio.TimerHandle | None = None

    def add(self, read_piece: Callable[[], None]) -> None:
        """Call `read_piece` when it is its turn, which may be now."""
        self._waiting.append(read_piece)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_INTERVAL_S, self._begin_interval)
        self._read_some()

    def _begin_interval(self) -> None:
        self._timer = None
        is_used = self._pieces_left < _PIECES_AN_INTERVAL
        self._pieces_left = _PIECES_AN_INTERVAL
        self._read_some()
        if is_used:
            self._timer = asyncio.get_running_loop().call_later(_INTERVAL_S, self._begin_interval)

    def _read_some(self) -> None:
        while self._waiting and self._pieces_left:
            self._pieces_left -= 1
            self._waiting.popleft()()


class LingeringTransport:
    """What an answer is written to whose request has yet to arrive in full: closing it lets the client read it."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close


def is_rest_small(cycle: RequestResponseCycle, received_bytes: int) -> bool:
    """Whether it is known that the rest of a request's body is small, and that it comes.

    A client that waits for "100 Continue" may leave its body out when it has another answer.
    """
    if cycle.waiting_for_100_continue:
        return False
    length = next((int(value) for name, value in cycle.scope["headers"] if name == b"content-length"), None)
    return length is not None and length - received_bytes <= _SMALL_REST_BYTES
