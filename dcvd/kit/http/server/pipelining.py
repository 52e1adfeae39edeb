"""uvicorn's HTTP protocol with bounds for clients that send many requests at once, or read no answers.

While requests wait for the one that runs, nothing more is read; a request runs only when the client has read the
earlier answers. So a connection holds one running request, less than 16 that wait, READ_BYTES of input, and one answer.
Requests that waited have less urgency than those of clients that wait for an answer before they ask again.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from dcvd.kit.http.server.input_flow import InputFlow

_STARTS_A_TURN: Final = 4


class QueuedStarts:
    """Starts requests that waited behind others, a few in each turn of the event loop; one queue serves all clients."""

    def __init__(self) -> None:
        self._starts: deque[Callable[[], None]] = deque()

    def add(self, start: Callable[[], None]) -> None:
        """Call `start` when it is its turn."""
        if not self._starts:
            asyncio.get_running_loop().call_soon(self._start_some)
        self._starts.append(start)

    def _start_some(self) -> None:
        for _ in range(min(_STARTS_A_TURN, len(self._starts))):
            self._starts.popleft()()
        if self._starts:
            asyncio.get_running_loop().call_soon(self._start_some)


class PipeliningHttpProtocol(HttpToolsProtocol):
    """One connection of a client, whose memory is bounded; a `BoundedReader` stands between it and the socket."""

    flow: InputFlow

    def __init__(self, config: Config, server_state: ServerState, starts: QueuedStarts) -> None:
        super().__init__(config, server_state, {})
        self._starts = starts
        self._held_start: tuple[RequestResponseCycle, Any] | None = None
        self._is_answer_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        super().connection_made(transport)
        self.flow = InputFlow(transport, self.parse, self._is_ready_for_input)

    def connection_lost(self, exc: Exception | None) -> None:
        self._held_start = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.flow.receive(data)

    def parse(self, piece: bytes) -> None:
        """Feed the parser."""
        super().data_received(piece)

    def begin_request(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Let the application answer."""
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        self._is_answer_ending = True
        super().on_response_complete()  # it starts the request that waits
        self._is_answer_ending = False
        self.flow.resume_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._is_start_held:
            self._starts.add(self._start_held_request)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if not (self._is_answer_ending or self.flow.write_paused):
            self.begin_request(cycle, app)
            return
        self._held_start = cycle, app
        if not self.flow.write_paused:
            self._starts.add(self._start_held_request)

    def _start_held_request(self) -> None:
        # The client may have gone meanwhile, or have stopped reading; then `resume_writing` follows.
        if self._held_start is None or self.flow.write_paused or self.transport.is_closing():
            return
        cycle, app = self._held_start
        self._held_start = None
        self.begin_request(cycle, app)
        self.flow.resume_reading()

    @property
    def _is_start_held(self) -> bool:
        """Whether a request has yet to run: it is not its turn, or the client has not read earlier answers."""
        return self._held_start is not None

    def _is_ready_for_input(self) -> bool:
        return not self.pipeline and not self._is_start_held


class BoundedReader(asyncio.BufferedProtocol):
    """Reads a socket into a buffer of READ_BYTES: where a protocol has `data_received`, the loop chooses the size."""

    def __init__(self, protocol: PipeliningHttpProtocol, buffer: memoryview) -> None:
        """`buffer` is used within a turn of the event loop, so that all connections can share it."""
        self._protocol = protocol
        self._buffer = buffer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._protocol.connection_made(transport)  # type: ignore[arg-type]  # a stream's transport reads and writes

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # the signature is asyncio's
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._protocol.data_received(bytes(self._buffer[:nbytes]))

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()
