"""Outgoing HTTP to addresses that a tenant chose: one POST, one deadline, no redirects, a bounded answer."""

import asyncio
import functools
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any, Final, Literal

import aiohttp
from aiohttp.connector import Connection
from msgspec import Struct
from yarl import URL

from dcvd import __version__
from dcvd.errors import Retryable
from dcvd.kit.egress_guard import (
    AddressRefused,
    EgressPolicy,
    GuardedResolver,
    check_headers,
    check_url,
    guarded_socket,
    parse_url,
)
from dcvd.kit.egress_meter import ENOUGH, MeteredHandler, meter
from dcvd.kit.lookup import Lookups

__all__ = ["Egress", "EgressAnswer", "EgressError", "EgressPolicy", "check_url"]

EgressFailure = Literal["refused_by_policy", "dns", "connect", "tls", "timeout", "protocol"]

MAX_BODY: Final = ENOUGH  # bytes of an answer's body that are kept
_KEPT_HEADERS: Final = ("retry-after", "content-type", "location")
_MAX_HEADER: Final = 1024  # characters of a kept header
_KEEP_ALIVE: Final = 15.0  # seconds
_NAME_TTL: Final = 10  # seconds that a name's filtered addresses are remembered


class EgressAnswer(Struct, frozen=True, kw_only=True):
    """What came back, of whatever status. `body` holds the first bytes as they were sent, never decompressed."""

    status: int
    headers: dict[str, str]
    body: bytes
    remote_ip: str | None
    elapsed_ms: int


class EgressError(Retryable):
    """No answer; the message is a sentence. `remote_ip` where a connection existed."""

    def __init__(self, kind: EgressFailure, message: str, *, elapsed_ms: int, remote_ip: str | None = None) -> None:
        super().__init__(message, code=f"egress_{kind}")
        self.kind: EgressFailure = kind
        self.elapsed_ms = elapsed_ms
        self.remote_ip = remote_ip


class _Progress:
    """How far one POST has come, for the sentence of a timeout."""

    def __init__(self) -> None:
        self.phase = "waiting for a free connection"
        self.remote_ip: str | None = None


_progress: Final[ContextVar[_Progress]] = ContextVar("egress_progress")


class _PeerNotingResponse(aiohttp.ClientResponse):
    """Notes who answers when the waiting begins: a short answer gives its connection back before anyone could ask."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        progress = _progress.get()
        progress.phase = "waiting for the answer"
        peer = connection.transport.get_extra_info("peername") if connection.transport is not None else None
        progress.remote_ip = str(peer[0]) if isinstance(peer, tuple) else None
        if isinstance(connection.protocol, MeteredHandler):
            connection.protocol.begin()
        return await super().start(connection)


class Egress:
    """A pool of guarded connections. Idle ones are reused; each was judged when it was dialled."""

    def __init__(self, policy: EgressPolicy, *, connections: int = 64, tls: ssl.SSLContext | None = None) -> None:
        """`tls` None: the system's certificate authorities."""
        self._policy = policy
        self._connections = connections
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        connector = aiohttp.TCPConnector(
            # Twice the connections, so that lookups nobody waits for any longer do not hold up the others at once.
            resolver=GuardedResolver(self._policy, Lookups(2 * self._connections)),
            socket_factory=functools.partial(guarded_socket, self._policy),
            limit=self._connections,
            keepalive_timeout=_KEEP_ALIVE,
            ttl_dns_cache=_NAME_TTL,
            ssl=self._tls or True,
        )
        meter(connector)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"dcvd/{__version__}", "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
            response_class=_PeerNotingResponse,
            trace_configs=[_tracing()],
        )

    async def close(self) -> None:
        """Closes every connection; a second call does nothing."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout: float,  # noqa: ASYNC109  # one deadline over everything is what this function is for
    ) -> EgressAnswer:
        """Sends once and gives any answer whatever its status. Raises EgressError when there is none.

        `timeout` in seconds bounds everything: waiting for a connection, name, connect, TLS, headers and body.
        """
        if self._session is None:
            raise RuntimeError("Egress.start() has to come before post()")
        loop = asyncio.get_running_loop()
        began = loop.time()
        progress = _Progress()

        def failed(kind: EgressFailure, message: str) -> EgressError:
            return EgressError(kind, message, elapsed_ms=_since(began), remote_ip=progress.remote_ip)

        refused = check_url(url, self._policy) or check_headers(headers)
        if refused is not None:
            raise failed("refused_by_policy", refused)
        target = parse_url(url)
        deadline = asyncio.timeout(timeout)
        try:
            async with deadline:
                status, kept, start = await self._exchange(self._session, target, body, headers, progress)
        except TimeoutError as error:
            if not deadline.expired():
                raise failed("connect", f"{target.host} could not be reached: {error}.") from error
            late = f"{target.host} did not answer completely within {timeout:g} s; we were still {progress.phase}."
            raise failed("timeout", late) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            kind, message = _explain(error, target)
            raise failed(kind, message) from error
        return EgressAnswer(
            status=status, headers=kept, body=start, remote_ip=progress.remote_ip, elapsed_ms=_since(began)
        )

    @staticmethod
    async def _exchange(
        session: aiohttp.ClientSession, url: URL, body: bytes, headers: Mapping[str, str], progress: _Progress
    ) -> tuple[int, dict[str, str], bytes]:
        _progress.set(progress)
        response = await session.post(url, data=body, headers=headers, allow_redirects=False)
        try:
            progress.phase = "reading the body of the answer"
            kept = {name: response.headers[name][:_MAX_HEADER] for name in _KEPT_HEADERS if name in response.headers}
            return response.status, kept, await _first_bytes(response.content)
        finally:
            response.close()  # drops the connection, unless the whole answer has been read and gave it back already


async def _first_bytes(content: aiohttp.StreamReader) -> bytes:
    start = bytearray()
    # One byte more than is kept: it tells a body that ends here, whose connection is reused, from one that goes on.
    while len(start) <= MAX_BODY and (piece := await content.read(MAX_BODY + 1 - len(start))):
        start += piece
    return bytes(start[:MAX_BODY])


def _explain(error: Exception, url: URL) -> tuple[EgressFailure, str]:
    host = url.host
    match error:
        case aiohttp.ClientConnectorError(os_error=AddressRefused() as refusal):
            return "refused_by_policy", refusal.message
        case aiohttp.InvalidURL():
            return "refused_by_policy", f"The URL cannot be dialled: {error}."
        case aiohttp.ClientConnectorDNSError():
            return "dns", f"The name {host} cannot be resolved: {_reason(error.os_error)}."
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "tls", f"No trusted TLS connection to {host}: {_reason(error)}."
        case aiohttp.ClientConnectorError():
            return "connect", f"{host} port {url.port} cannot be reached: {_reason(error.os_error)}."
        case aiohttp.ServerDisconnectedError():
            return "protocol", f"{host} closed the connection without an answer."
        case aiohttp.ClientResponseError():
            return "protocol", f"{host} sent something that is no valid HTTP answer: {error.message}."
        case aiohttp.ClientError() | OSError():
            return "protocol", f"The exchange with {host} broke off: {_reason(error)}."
        case _:
            return "protocol", f"The exchange with {host} failed: {_reason(error)}."


def _reason(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _reason(error.certificate_error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, aiohttp.ClientConnectorError):
        return _reason(error.os_error)
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return text.rstrip(".")


def _since(began: float) -> int:
    return round((asyncio.get_running_loop().time() - began) * 1000)


def _tracing() -> aiohttp.TraceConfig:
    def entering(phase: str) -> Any:
        async def note(_session: aiohttp.ClientSession, _context: SimpleNamespace, _facts: object) -> None:
            _progress.get().phase = phase

        return note

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_start.append(entering("connecting"))
    tracing.on_dns_resolvehost_start.append(entering("looking up the name"))
    tracing.on_dns_resolvehost_end.append(entering("connecting"))
    return tracing
