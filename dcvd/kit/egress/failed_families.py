"""Remember which address family of a host fails after it has connected, so that the other one goes first."""

import asyncio
from collections.abc import Sequence
from typing import Final

from dcvd.core.addresses import IpAddress
from dcvd.kit.egress.request import Origin
from dcvd.kit.limits.recent_entries import RecentEntries

_LIFETIME_S: Final = 600.0
_MAX_ENTRIES: Final = 1024


class FailedFamilies:
    """Holds the families (4, 6) by which a host connected lately, and then did not answer.

    A way that breaks later than at the connect is not seen by RFC 8305, which only races the connects.
    """

    def __init__(self, *, lifetime_s: float = _LIFETIME_S) -> None:
        self._lifetime_s = lifetime_s
        self._failed_until = RecentEntries[tuple[str, int, int], float](_MAX_ENTRIES)

    def note(self, origin: Origin, version: int) -> None:
        """Note that a family failed."""
        self._failed_until[origin.host, origin.port, version] = asyncio.get_running_loop().time() + self._lifetime_s

    def sort(self, origin: Origin, addresses: Sequence[IpAddress]) -> Sequence[IpAddress]:
        """Put the addresses of a family that failed behind the others, in their order otherwise."""
        failed = {version for version in (4, 6) if self._has_failed(origin, version)}
        if not failed:
            return addresses
        return sorted(addresses, key=lambda address: address.version in failed)

    def _has_failed(self, origin: Origin, version: int) -> bool:
        failed_until = self._failed_until.get((origin.host, origin.port, version))
        return failed_until is not None and asyncio.get_running_loop().time() < failed_until
