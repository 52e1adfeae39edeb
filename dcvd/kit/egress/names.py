"""Names to the addresses that may be dialled, remembered for a moment."""

import asyncio
import socket
from collections import OrderedDict
from typing import Final

from dcvd.core.addresses import IpAddress
from dcvd.kit.egress.guard import EgressPolicy, select_permitted
from dcvd.kit.egress.system_resolver import SystemResolver

_TTL_S: Final = 10.0  # seconds
_MAX_NAMES: Final = 1024  # names


class GuardedResolver:
    """What is remembered was judged, and exactly that is dialled: a name has no second chance to lead elsewhere."""

    def __init__(self, policy: EgressPolicy, system_resolver: SystemResolver) -> None:
        self._policy = policy
        self._system_resolver = system_resolver
        self._cache: OrderedDict[tuple[str, int], tuple[float, tuple[IpAddress, ...]]] = OrderedDict()

    def get_cached(self, host: str, port: int) -> tuple[IpAddress, ...] | None:
        """What was found less than ten seconds ago."""
        found = self._cache.get((host, port))
        if found is None or found[0] <= asyncio.get_running_loop().time():
            return None
        return found[1]

    async def resolve(self, host: str, port: int) -> tuple[IpAddress, ...]:
        """At least one. Raises AddressRefused when none may be dialled, else OSError as Lookups does."""
        usable = select_permitted(host, await self._system_resolver.resolve(host), port, self._policy)
        if not usable:
            raise socket.gaierror(socket.EAI_NODATA, "the name has no address")
        self._cache.pop((host, port), None)
        while len(self._cache) >= _MAX_NAMES:
            self._cache.popitem(last=False)
        self._cache[host, port] = (asyncio.get_running_loop().time() + _TTL_S, usable)
        return usable
