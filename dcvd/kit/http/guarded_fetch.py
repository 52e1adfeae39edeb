"""Call addresses that tenants chose, or their DNS: an egress policy keeps the calls away from private networks."""

import socket
from collections.abc import Callable
from contextvars import ContextVar
from ipaddress import IPv6Address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from dcvd.kit.egress.guard import EgressPolicy, judge_url
from dcvd.kit.egress.names import GuardedResolver
from dcvd.kit.egress.system_resolver import SystemResolver
from dcvd.kit.http.fetch import MAX_CONNECTIONS, Fetcher, FetchRefused, FetchResponse
from dcvd.kit.tls.trust import TrustStore, load_system_trust

_OWNER: Final = ContextVar[str]("owner")
"""On whose behalf this task calls: aiohttp tells a resolver nothing but the name."""


class GuardedFetcher:
    """Reads what tenants' addresses answer; each address is checked before it is dialled."""

    def __init__(self, policy: EgressPolicy, *, get_trust: Callable[[], TrustStore] = load_system_trust) -> None:
        """`get_trust` returns the authorities that are trusted now."""
        self._policy = policy
        self._fetcher = Fetcher(get_trust=get_trust, resolver=_AiohttpResolver(policy))

    async def start(self) -> None:
        """Open the pool."""
        await self._fetcher.start()

    async def close(self) -> None:
        """Close the pool; a second call does nothing."""
        await self._fetcher.close()

    async def get(self, url: str, *, owner: str, timeout_s: float, max_bytes: int) -> FetchResponse:
        """Return the answer to a GET request as `Fetcher.send` does; `owner`: on whose behalf, see `SystemResolver`."""
        if (refusal := judge_url(url, self._policy)) is not None:
            raise FetchRefused(refusal.said)
        token = _OWNER.set(owner)
        try:
            return await self._fetcher.send("GET", url, timeout_s=timeout_s, max_bytes=max_bytes)
        finally:
            _OWNER.reset(token)


class _AiohttpResolver(AbstractResolver):
    """Resolves names to addresses that may be dialled; exactly those are dialled."""

    def __init__(self, policy: EgressPolicy) -> None:
        self._resolver = GuardedResolver(policy, SystemResolver(MAX_CONNECTIONS))

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002
    ) -> list[ResolveResult]:
        """Return the addresses of both families, which the connector tries one after the other.

        Raises OSError, which includes AddressRefused.
        """
        addresses = await self._resolver.resolve(host, port, _OWNER.get())
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Do nothing: this resolver holds nothing open."""
