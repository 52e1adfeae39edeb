"""Names to the addresses that may be dialled, remembered for a moment."""

import asyncio
import socket
from collections import OrderedDict
from typing import Final

from dcvd.core.addresses import Address
from dcvd.kit.egress.guard import EgressPolicy, permitted
from dcvd.kit.egress.system_resolver import Lookups

_TTL: Final = 10.0  # seconds
_MOST: Final = 1024  # names


class GuardedNames:
    """What is remembered was judged, and exactly that is dialled: a name has no second chance to lead elsewhere."""

    def __init__(self, policy: EgressPolicy, lookups: Lookups) -> None:
        self._policy = policy
        self._lookups = lookups
        self._known: OrderedDict[tuple[str, int], tuple[float, tuple[Address, ...]]] = OrderedDict()

    def known(self, host: str, port: int) -> tuple[Address, ...] | None:
        """What was found less than ten seconds ago."""
        found = self._known.get((host, port))
        if found is None or found[0] <= asyncio.get_running_loop().time():
            return None
        return found[1]

    async def addresses(self, host: str, port: int) -> tuple[Address, ...]:
        """At least one. Raises AddressRefused when none may be dialled, else OSError as Lookups does."""
        usable = permitted(host, await self._lookups.addresses(host), port, self._policy)
        if not usable:
            raise socket.gaierror(socket.EAI_NODATA, "the name has no address")
        self._known.pop((host, port), None)
        while len(self._known) >= _MOST:
            self._known.popitem(last=False)
        self._known[host, port] = (asyncio.get_running_loop().time() + _TTL, usable)
        return usable
