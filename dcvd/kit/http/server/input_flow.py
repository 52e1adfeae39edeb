"""How much of a client's input is read: never more than its requests can use."""

import asyncio
from collections.abc import Callable
from typing import Final

from uvicorn.protocols.http.flow_control import FlowControl

from dcvd.kit.http.server.lingering import SlowDrain

READ_BYTES: Final = 16_384
"""How many bytes are read, and so parsed, in one turn of the event loop."""
_BLANK_LINE: Final = b"\r\n\r\n"  # it ends every head and every body in chunks; the parser takes no other line ends
_MIN_PIECE_BYTES: Final = 128
"""A piece of this size holds 14 heads at most; smaller pieces would make a body of blank lines costly."""


class InputFlow(FlowControl):
    """Hands input to the parser in small pieces, and keeps what the parser may not have yet.

    uvicorn pauses reading when a body is not taken, and when a request has to wait for another one; it resumes more
    often than that. Here reading stays paused as long as `is_ready` is false or input waits.
    """

    def __init__(self, transport: asyncio.Transport, parse: Callable[[bytes], None], is_ready: Callable[[], bool]):
        super().__init__(transport)
        self._parse = parse
        self._is_ready = is_ready
        self._input = b""
        self._offset = 0
        self._feed_handle: asyncio.Handle | None = None
        self._is_socket_paused = False
        self._drain: SlowDrain | None = None
        self.resumed_time = 0.0
        """When the protocol last wanted more, in seconds of the event loop's clock."""

    @property
    def is_holding_back(self) -> bool:
        """Whether the client could send more than it may."""
        return self._is_pausing or not self._is_ready()

    def receive(self, data: bytes) -> None:
        """Take what was read from the socket."""
        if self._drain is not None:
            self._wait_to_drop(self._drain)
            return
        self._input = self._input[self._offset :] + data
        self._offset = 0
        self._feed()
        if len(data) >= READ_BYTES and not self._is_pausing:
            # There is likely more, which has to wait for the next turn of the loop: others have theirs first.
            self._pause_socket()
            self._feed_soon()

    def pause_reading(self) -> None:
        """Stop feeding the parser until `resume_reading`."""
        self.read_paused = True
        self._pause_socket()

    def resume_reading(self) -> None:
        """Go on with what waits here, and then with the socket, if the protocol is ready for more."""
        if self._drain is not None or not self._is_ready():
            return
        self.read_paused = False
        self.resumed_time = asyncio.get_running_loop().time()
        if not self._input:
            self._resume_socket()
        else:
            self._feed_soon()  # not at once, because uvicorn calls this in the middle of its own steps

    def drop_input(self, drain: SlowDrain) -> None:
        """Forget what waits here, and from now on all that arrives: it is read when `drain` says so."""
        self._input, self._offset = b"", 0
        if self._drain is None:
            self._drain = drain
            self._wait_to_drop(drain)

    @property
    def _is_pausing(self) -> bool:
        """Whether reading goes on only when somebody says so."""
        return self.read_paused or bool(self._input) or self._drain is not None

    def _pause_socket(self) -> None:
        if not self._is_socket_paused:
            self._is_socket_paused = True
            self._transport.pause_reading()

    def _resume_socket(self) -> None:
        if self._is_socket_paused:
            self._is_socket_paused = False
            self._transport.resume_reading()

    def _wait_to_drop(self, drain: SlowDrain) -> None:
        self._pause_socket()
        drain.add(self._read_to_drop)

    def _read_to_drop(self) -> None:
        if not self._transport.is_closing():
            self._resume_socket()

    def _feed_soon(self) -> None:
        if self._feed_handle is None:
            self._feed_handle = asyncio.get_running_loop().call_soon(self._feed)

    def _feed(self) -> None:
        self._feed_handle = None
        while self._input and not self.read_paused and self._is_ready() and not self._transport.is_closing():
            blank_line = self._input.find(_BLANK_LINE, self._offset + _MIN_PIECE_BYTES - len(_BLANK_LINE))
            end = len(self._input) if blank_line < 0 else blank_line + len(_BLANK_LINE)
            piece = self._input[self._offset : end]
            if end == len(self._input):
                self._input, self._offset = b"", 0
            else:
                self._offset = end
            self._parse(piece)
        if self._input:
            self._pause_socket()
        elif not self._is_pausing:
            self._resume_socket()
