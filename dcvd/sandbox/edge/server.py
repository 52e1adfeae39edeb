"""Serve https for every hostname on one address: which certificate comes follows from the name that is asked for."""

import asyncio
import ssl
import tempfile
from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from dcvd.errors import DcvdError
from dcvd.sandbox.edge.authority import EdgeAuthority, known_key
from dcvd.sandbox.edge.states import EdgeState

log = structlog.get_logger(__name__)

_TIMEOUT_S: Final = 30.0
_MAX_REQUEST_BYTES: Final = 16 << 10
_READ_BYTES: Final = 4 << 10
_MAX_CONTEXTS: Final = 256
_OTHER_NAME: Final = "other.sandbox.test"
_ANSWERS: Final = {
    EdgeState.REFUSED: ("409 Conflict", "error code: 1001"),
    EdgeState.ORIGIN_DOWN: ("522 Connection Timed Out", "error code: 522"),
}


class EdgeServer:
    """The edge. `find_state` says how it answers for a name (lower case, without the final dot)."""

    def __init__(self, find_state: Callable[[str], EdgeState]) -> None:
        self._find_state = find_state
        self._authority = EdgeAuthority(known_key())
        self._stranger: EdgeAuthority | None = None
        self._contexts: OrderedDict[tuple[str, EdgeState], ssl.SSLContext] = OrderedDict()
        self.handshakes: Counter[str] = Counter()
        """Counts the TLS handshakes that began, by the name that was asked for."""
        self._server: asyncio.Server | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def build_root(self) -> bytes:
        """Return the certificate of the authority in PEM."""
        return self._authority.build_root()

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port. Raises DcvdError with the code `port_taken`."""
        self._directory = tempfile.TemporaryDirectory(prefix="dcvd-sandbox-edge-")
        try:
            self._server = await asyncio.start_server(self._serve, host, port)
        except OSError as error:
            await self.stop()
            raise DcvdError(
                f"The sandbox cannot serve its edge on {host} port {port}: {error.strerror or error}; stop what uses it"
                " or choose another with --edge.",
                code="port_taken",
            ) from error
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """End every connection and free the port; a second call does nothing."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._talk(reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError) as error:
            log.debug("sandbox.edge_ended", error=str(error) or type(error).__name__)
        finally:
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()
            self._tasks.discard(task)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        asked: list[str] = []
        tls = self._build_listener(asked).wrap_bio(incoming, outgoing, server_side=True)
        while not await self._step(tls.do_handshake, incoming, outgoing, reader, writer, asked):
            if reader.at_eof():
                return
        request = bytearray()
        while b"\r\n\r\n" not in request and len(request) < _MAX_REQUEST_BYTES:
            await self._step(lambda: request.extend(tls.read(_READ_BYTES)), incoming, outgoing, reader, writer, asked)
            if reader.at_eof():
                return
        status, text = _ANSWERS.get(self._find_state(asked[0]), ("200 OK", f"This is {asked[0]}."))
        head = f"HTTP/1.1 {status}\r\nServer: cloudflare\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}"
        tls.write(f"{head}\r\nConnection: close\r\n\r\n{text}".encode())
        writer.write(outgoing.read())
        await writer.drain()

    async def _step(
        self,
        act: Callable[[], object],
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        asked: list[str],
    ) -> bool:
        """Do a step of TLS, and send what it gives; where it needs more bytes, read them and return False."""
        needs_more = False
        try:
            act()
        except ssl.SSLWantReadError:
            needs_more = True
        except ssl.SSLError as error:
            writer.write(outgoing.read())  # the alert
            await writer.drain()
            raise ConnectionAbortedError(str(error)) from error
        state = self._find_state(asked[0]) if asked else None
        if state is EdgeState.SILENT:
            await asyncio.sleep(_TIMEOUT_S)
        if state is EdgeState.CLOSED:
            raise ConnectionAbortedError("closed, as it was forced to be")
        writer.write(outgoing.read())
        await writer.drain()
        if needs_more:
            received = await reader.read(_READ_BYTES)
            incoming.write(received) if received else incoming.write_eof()
        return not needs_more

    def _build_listener(self, asked: list[str]) -> ssl.SSLContext:
        """Return a context that notes the name that is asked for, and goes on with that name's certificate."""

        def choose(tls: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
            asked.append((name or "").lower().rstrip("."))
            self.handshakes[asked[0]] += 1
            state = self._find_state(asked[0])
            if not asked[0] or state is EdgeState.NO_CERTIFICATE:
                return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
            tls.context = self._get_context(asked[0], state)
            return None

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = choose
        return context

    def _get_context(self, name: str, state: EdgeState) -> ssl.SSLContext:
        key = name, state
        context = self._contexts.pop(key, None)
        if context is None:
            assert self._directory is not None, "start() first"
            authority = self._authority
            if state is EdgeState.UNTRUSTED:
                authority = self._stranger = self._stranger or EdgeAuthority()
            shown_name = _OTHER_NAME if state is EdgeState.WRONG_NAME else name
            path = Path(self._directory.name) / "certificate.pem"
            context = authority.issue(shown_name, path, is_expired=state is EdgeState.EXPIRED)
        self._contexts[key] = context
        while len(self._contexts) > _MAX_CONTEXTS:
            self._contexts.popitem(last=False)
        return context
