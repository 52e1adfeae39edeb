"""HTTP calls to other people's APIs: no redirects, no cookies, no proxies, one deadline, a bounded answer.

Where the address was chosen by a tenant, or by his DNS, a policy keeps the call away from private networks.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from ipaddress import IPv6Address
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct
from yarl import URL

from dcvd import __version__
from dcvd.errors import Permanent, Retryable
from dcvd.kit.egress.guard import EgressPolicy, refuse_url
from dcvd.kit.egress.names import GuardedNames
from dcvd.kit.lookup import Lookups

_TIMEOUT: Final = 10.0
_MOST: Final = 64 * 1024
_CONNECTIONS: Final = 32


class Fetched(Struct, frozen=True, kw_only=True):
    """An answer of whatever status; names of headers are lower case. `body` is decompressed."""

    status: int
    headers: dict[str, str]
    body: bytes


class FetchFailed(Retryable):
    """No whole answer. `sent`: the request may have been received, and done, all the same."""

    code = "provider_unavailable"

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class FetchRefused(Permanent):
    """The address may not be called at all."""

    code = "address_refused"


class Fetcher:
    """A pool of connections. With a `policy` every address is judged before it is dialled."""

    def __init__(self, policy: EgressPolicy | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        """`tls` None: the system's certificate authorities."""
        self._policy = policy
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the pool."""
        resolver = None if self._policy is None else _GuardedResolver(self._policy)
        connector = aiohttp.TCPConnector(
            limit=_CONNECTIONS,
            ssl=self._tls if self._tls is not None else True,
            resolver=resolver,
            use_dns_cache=self._policy is None,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            headers={"User-Agent": f"dcvd/{__version__}"},
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
        timeout: float = _TIMEOUT,  # noqa: ASYNC109  # one deadline over everything is what this function is for
        most: int = _MOST,
    ) -> Fetched:
        """Any answer, whatever its status, of at most `most` bytes.

        The URL is sent exactly as it is written. `timeout` in seconds bounds everything. Raises FetchFailed,
        FetchRefused.
        """
        if self._session is None:
            raise RuntimeError("Fetcher.start() has to come before send()")
        if self._policy is not None and (refused := refuse_url(url, self._policy)) is not None:
            raise FetchRefused(refused.message)
        target = URL(url, encoded=True)
        host = target.host or url
        try:
            async with (
                asyncio.timeout(timeout),
                self._session.request(
                    method, target, data=body, headers=headers, allow_redirects=False, timeout=_NO_TIMEOUT
                ) as answer,
            ):
                content = await answer.content.read(most + 1)
                while len(content) <= most and (more := await answer.content.read(most + 1 - len(content))):
                    content += more
        except aiohttp.ClientConnectorError as error:
            raise FetchFailed(f"{host} cannot be reached: {error.os_error}.", sent=False) from error
        except TimeoutError as error:
            raise FetchFailed(f"{host} did not answer {method} within {timeout:g} s.", sent=True) from error
        except (aiohttp.ClientError, OSError) as error:
            raise FetchFailed(
                f"{host} broke off its answer to {method} ({type(error).__name__}).", sent=True
            ) from error
        if len(content) > most:
            raise FetchFailed(f"{host} answered {method} with more than {most} bytes.", sent=True)
        return Fetched(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=content,
        )


_NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None)


class _GuardedResolver(AbstractResolver):
    """Gives only addresses that may be dialled, and exactly those are dialled."""

    def __init__(self, policy: EgressPolicy) -> None:
        self._names = GuardedNames(policy, Lookups(_CONNECTIONS))

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002
    ) -> list[ResolveResult]:
        """Raises OSError, AddressRefused among them. Of both families: the connector tries one after the other."""
        found = await self._names.addresses(host, port)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Nothing is held."""
