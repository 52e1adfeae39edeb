"""Resolve names to the addresses that may be dialled, and remember them for a moment."""

import asyncio
import socket
from typing import Final

import structlog

from dcvd.core.addresses import IpAddress
from dcvd.kit.egress.guard import AddressRefused, EgressPolicy, name_not_public, select_permitted
from dcvd.kit.egress.system_resolver import SystemResolver
from dcvd.kit.limits.recent_entries import RecentEntries

log = structlog.get_logger(__name__)

_MAX_NAMES: Final = 1024
_WITHOUT_ADDRESS: Final = frozenset({socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY})


class GuardedResolver:
    """Resolves names, and caches those of their addresses that may be dialled.

    Exactly the checked addresses are dialled, so that a name cannot lead elsewhere after the check.
    """

    def __init__(self, policy: EgressPolicy, system_resolver: SystemResolver, *, ttl_s: float = 10.0) -> None:
        self._policy = policy
        self._ttl_s = ttl_s
        self._system_resolver = system_resolver
        self._cache = RecentEntries[tuple[str, int], tuple[float, tuple[IpAddress, ...]]](_MAX_NAMES)

    def get_cached(self, host: str, port: int) -> tuple[IpAddress, ...] | None:
        """Return the addresses that were found within the last `ttl_s` seconds; None when there are none."""
        entry = self._cache.get((host, port))
        if entry is None or entry[0] <= asyncio.get_running_loop().time():
            return None
        return entry[1]

    async def resolve(self, host: str, port: int, owner: str) -> tuple[IpAddress, ...]:
        """Return at least one address. `owner`: on whose behalf, see `SystemResolver`.

        Raises AddressRefused when there is none that may be dialled, and OSError when the lookup failed.
        """
        try:
            permitted = select_permitted(host, await self._look_up(host, owner), port, self._policy)
        except AddressRefused as refused:
            log.info("egress.name_refused", host=host, port=port, owner=owner, detail=refused.detail)
            raise
        self._cache[host, port] = (asyncio.get_running_loop().time() + self._ttl_s, permitted)
        return permitted

    async def _look_up(self, host: str, owner: str) -> list[IpAddress]:
        try:
            return await self._system_resolver.resolve(host, owner)
        except socket.gaierror as error:
            if error.errno not in _WITHOUT_ADDRESS:
                raise
            raise name_not_public(host, error.strerror or "no address") from error
