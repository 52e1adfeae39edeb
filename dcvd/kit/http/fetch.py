"""Call other people's HTTP APIs: no redirects, no cookies, no proxies, one deadline, a bounded answer.

Errors name the host and quote nothing of the answer, because answers hold tokens. For the same reason aiohttp's errors,
which quote what could not be parsed, are not chained.
"""

import asyncio
import socket
import zlib
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from dcvd import __version__
from dcvd.core.http.exchanges import HttpResponse
from dcvd.core.http.retry_after import parse_retry_after_ms
from dcvd.core.instants import HOUR, to_seconds
from dcvd.errors import Permanent, Retryable
from dcvd.kit.clock import SystemClock
from dcvd.kit.egress.failures import is_own_limit, is_without_route
from dcvd.kit.egress.guard import AddressRefused, check_header_values, is_well_quoted
from dcvd.kit.egress.own_network import has_route
from dcvd.kit.tls.trust import TrustStore, load_system_trust

_TIMEOUT_S: Final = 10.0
_MAX_BYTES: Final = 64 * 1024
MAX_CONNECTIONS: Final = 32
_MAX_RETRY_AFTER_MS: Final = HOUR


class FetchResponse(HttpResponse, frozen=True):
    """An answer with its whole body, decompressed."""

    @property
    def retry_after_s(self) -> float | None:
        """The seconds that the answer asks us to wait, counted from the moment of this call; at most an hour."""
        wait_ms = parse_retry_after_ms(self.headers.get("retry-after"), SystemClock().now(), max_ms=_MAX_RETRY_AFTER_MS)
        return None if wait_ms is None else to_seconds(wait_ms)

    def __repr__(self) -> str:
        return f"FetchResponse(status={self.status}, {len(self.body)} bytes)"


class FetchFailed(Retryable):
    """There was no complete answer.

    may_have_arrived: the server may have received and executed the request. is_own_fault: our own machine could not
    send it: no descriptor or port was left, or it has no route or no resolver.
    """

    code = "provider_unavailable"

    def __init__(self, message: str, *, may_have_arrived: bool, is_own_fault: bool = False) -> None:
        super().__init__(message)
        self.may_have_arrived = may_have_arrived
        self.is_own_fault = is_own_fault


class FetchRefused(Permanent):
    """The address must not be called."""

    code = "address_refused"


class Fetcher:
    """Sends requests over a pool of connections, to addresses that the operator chose."""

    def __init__(
        self, *, get_trust: Callable[[], TrustStore] = load_system_trust, resolver: AbstractResolver | None = None
    ) -> None:
        """`get_trust` returns the authorities that are trusted now. `resolver` None: the system's, with a cache."""
        self._get_trust = get_trust
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the pool."""
        connector = aiohttp.TCPConnector(
            limit=MAX_CONNECTIONS,
            resolver=self._resolver,
            use_dns_cache=self._resolver is None,
        )
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_mark_sent)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            headers={"User-Agent": f"dcvd/{__version__}", "Accept-Encoding": "identity"},
            trace_configs=[trace],
        )

    async def close(self) -> None:
        """Close the pool; a second call does nothing."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float = _TIMEOUT_S,  # one deadline over everything is what this function is for
        max_bytes: int = _MAX_BYTES,
    ) -> FetchResponse:
        """Send a request, and return the answer of any status, of at most `max_bytes` bytes, compressed or not.

        The URL is sent exactly as it is written. `timeout_s` in seconds bounds everything. Raises FetchFailed,
        FetchRefused.
        """
        if self._session is None:
            raise RuntimeError("Fetcher.start() has to come before send()")
        host = _require_permission(url, headers or {})
        progress = _RequestProgress()
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._session.request(
                    method,
                    URL(url, encoded=True),
                    data=body,
                    headers=headers,
                    ssl=self._get_trust().context,
                    allow_redirects=False,
                    timeout=_NO_TIMEOUT,
                    trace_request_ctx=progress,
                ) as response,
            ):
                content = await response.content.read(max_bytes + 1)
                while len(content) <= max_bytes and (
                    chunk := await response.content.read(max_bytes + 1 - len(content))
                ):
                    content += chunk
        except aiohttp.ClientConnectorCertificateError as error:
            raise FetchFailed(
                f"{host} cannot be reached: {error.certificate_error}.", may_have_arrived=False
            ) from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefused):
                raise FetchRefused(error.os_error.refusal.said) from error
            raise FetchFailed(
                f"{host} cannot be reached: {error.os_error}.",
                may_have_arrived=False,
                is_own_fault=_is_own_fault(error.os_error),
            ) from error
        except TimeoutError as error:
            raise FetchFailed(
                f"{host} did not answer {method} within {timeout_s:g} s.", may_have_arrived=progress.is_sent
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            message = f"{host} broke off its answer to {method} ({type(error).__name__})."
            raise FetchFailed(message, may_have_arrived=progress.is_sent) from None
        if len(content) > max_bytes:
            raise FetchFailed(f"{host} answered {method} with more than {max_bytes} bytes.", may_have_arrived=True)
        try:
            content = _decompress(content, response.headers.get("content-encoding", ""), max_bytes)
        except ValueError as error:
            raise FetchFailed(
                f"{host} answered {method} with what cannot be read: {error}.", may_have_arrived=True
            ) from None
        return FetchResponse(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=content,
        )


def _is_own_fault(error: OSError) -> bool:
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    return is_own_limit(error) or (is_without_route(error) and not has_route())


def _require_permission(url: str, headers: Mapping[str, str]) -> str:
    """Return the host of a URL that may be called. Raises FetchRefused."""
    if not is_well_quoted(url):
        raise FetchRefused("The URL has a character that has to be written percent-encoded.")
    if (fault := check_header_values(headers)) is not None:
        raise FetchRefused(fault)
    try:
        parsed = URL(url, encoded=True)
        if parsed.host and parsed.scheme in ("http", "https"):
            return parsed.host
    except ValueError as error:
        raise FetchRefused(f"The URL cannot be read: {error}.") from error
    raise FetchRefused("The URL is none of http:// or https:// with a host.")


class _RequestProgress:
    """How far a request has come."""

    is_sent = False


async def _mark_sent(
    session: aiohttp.ClientSession,  # noqa: ARG001  # aiohttp passes these arguments to a trace
    context: SimpleNamespace,
    params: aiohttp.TraceRequestHeadersSentParams,  # noqa: ARG001  # likewise
) -> None:
    context.trace_request_ctx.is_sent = True


def _decompress(content: bytes, encoding: str, max_bytes: int) -> bytes:
    """Decompress a body to at most `max_bytes` bytes. We ask for no compression, but some servers compress anyway.

    Raises ValueError.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return content
        case _ if not content:
            return content
        case "gzip" | "x-gzip":
            window = _GZIP_WBITS
        case "deflate":
            window = zlib.MAX_WBITS
        case _:
            raise ValueError("it is compressed in a way that was not asked for")
    decompressor = zlib.decompressobj(window)
    try:
        decompressed = decompressor.decompress(content, max_bytes + 1)
    except zlib.error as error:
        raise ValueError("its compression is broken") from error
    if len(decompressed) > max_bytes:
        raise ValueError(f"it has more than {max_bytes} bytes when it is decompressed")
    if not decompressor.eof:
        raise ValueError("its compression is cut off")
    return decompressed


_NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None)
_GZIP_WBITS: Final = zlib.MAX_WBITS | 16
