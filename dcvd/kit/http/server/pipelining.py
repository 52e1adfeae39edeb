"""uvicorn's HTTP protocol with bounds for clients that send many requests at once, or large bodies, or read no answers.

While requests wait for the one that runs, nothing more is read; a request runs only when the client has read the
earlier answers; of a body, little is read before the application asks for it. So a connection holds one running
request, less than 16 that wait, READ_BYTES of input, a piece of a body that is not much larger, and one answer.
Requests that waited, and the first one of each connection, have less urgency than those of clients that wait for an
answer before they ask again.
"""

import asyncio
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from dcvd.kit.http.server.input_flow import InputFlow
from dcvd.kit.http.server.queued_starts import QueuedStarts

_UNASKED_BYTES: Final = 4096
"""With so many bytes of a body, and the piece they came with, reading waits for the application to take them."""


class PipeliningHttpProtocol(HttpToolsProtocol):
    """One connection of a client, whose memory is bounded; a `BoundedReader` stands between it and the socket."""

    flow: InputFlow

    def __init__(self, config: Config, server_state: ServerState, starts: QueuedStarts) -> None:
        super().__init__(config, server_state, {})
        self._starts = starts
        self._held_start: tuple[RequestResponseCycle, Any] | None = None
        self._is_answer_ending = False
        self._is_new = True
        self.body_bytes = 0
        """How much of the last request's body has arrived."""

    @property
    def address(self) -> str:
        """The IP address of the other end; "" on a unix socket."""
        return self.client[0] if self.client else ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        super().connection_made(transport)
        self.flow = InputFlow(transport, self.parse, self._is_ready_for_input)

    def connection_lost(self, exc: Exception | None) -> None:
        self._held_start = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.flow.receive(data)

    def parse(self, piece: bytes) -> None:
        """Feed the parser, and wake an application that waits for the body."""
        super().data_received(piece)
        if self.body_bytes and self.cycle.body and not self.cycle.response_complete:
            self.cycle.message_event.set()
            if len(self.cycle.body) >= _UNASKED_BYTES:
                self.flow.pause_reading()  # until the application receives

    def begin_request(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Let the application answer."""
        super()._start_asgi_task(cycle, app)

    def _begin_numbered(self, number: int, cycle: RequestResponseCycle, app: Any) -> None:
        """Let the application answer a request that is one of the `QueuedStarts`."""

        async def run_app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                self._starts.end(number)

        self.begin_request(cycle, run_app)

    def on_body(self, body: bytes) -> None:
        """Keep a part of a body; a piece of input may hold hundreds of them."""
        self.body_bytes += len(body)
        if not self.cycle.response_complete:
            self.cycle.body += body

    def on_response_complete(self) -> None:
        if self.cycle.response_complete:
            # Nobody receives it any more; the request and its protocol refer to each other until garbage is collected.
            self.cycle.body = bytearray()
        self._is_answer_ending = True
        super().on_response_complete()  # it starts the request that waits
        self._is_answer_ending = False
        self.flow.resume_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._is_start_held:
            self._starts.add(self.address, self._start_held_request)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        is_new, self._is_new = self._is_new, False
        if not (is_new or self._is_answer_ending or self.flow.write_paused):
            self.begin_request(cycle, app)
        elif is_new and (number := self._starts.begin()) is not None:
            self._begin_numbered(number, cycle, app)
        else:
            self._held_start = cycle, app
            if not self.flow.write_paused:
                self._starts.add(self.address, self._start_held_request)

    def _start_held_request(self, number: int) -> bool:
        # The client may have gone meanwhile, or have stopped reading; then `resume_writing` follows.
        if self._held_start is None or self.flow.write_paused or self.transport.is_closing():
            return False
        cycle, app = self._held_start
        self._held_start = None
        self._begin_numbered(number, cycle, app)
        self.flow.resume_reading()
        return True

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
