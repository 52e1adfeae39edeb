"""What all drivers have in common: a driver says only how its API finds a zone, reads a name and changes it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from msgspec.structs import replace

from dcvd.core.dns.hostnames import is_within
from dcvd.core.records.plan import select_at_name
from dcvd.core.records.zones import Zone, ZoneRecord, normalize_value
from dcvd.errors import Permanent, Retryable
from dcvd.providers.owner_names import OwnerName, locate_owner

RATE_LIMITED: Final = "provider_rate_limited"
"""The provider takes no more calls for a while; the one that failed was not carried out."""
DEADLINE_S: Final = 60.0
_MAX_RECORDS: Final = 500
"""The most records at one name."""


class RecordProvider(ABC):
    """Follows the protocol `RecordDriver`: refuses what no provider takes, sets deadlines, and normalizes values.

    Values are normalized in what was read as in what is to be changed.
    """

    def __init__(self, title: str, *, deadline_s: float = DEADLINE_S, change_s: float | None = None) -> None:
        """`title` names the provider in messages; a call may take `deadline_s` seconds, a change `change_s`."""
        self.title = title
        self._deadline_s = deadline_s
        self._change_s = deadline_s if change_s is None else change_s

    async def check_credentials(self) -> str | None:
        """See `RecordDriver`."""
        async with self._limit_duration("The check of the credentials", self._deadline_s):
            return await self._check_credentials()

    async def find_zone(self, name: str) -> Zone | None:
        """See `RecordDriver`."""
        async with self._limit_duration(f"The search for the zone of {name}", self._deadline_s):
            zone = await self._find_zone(name)
        return zone if zone is not None and is_within(name, zone.name) else None

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """See `RecordDriver`."""
        owner = locate_owner(zone, name)
        async with self._limit_duration(f"Reading {name}", self._deadline_s):
            return self._accept(owner, await self._read(owner))

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """See `RecordDriver`."""
        names = {record.name for record in (*remove, *add)}
        if not names:
            return
        if len(names) > 1:
            raise Permanent("Records of several names cannot be changed at once.", code="provider_refused")
        owner = locate_owner(zone, names.pop(), is_cname=any(record.type == "CNAME" for record in add))
        await self._change(owner, _normalize(remove), _normalize(add))

    @abstractmethod
    async def _check_credentials(self) -> str | None:
        """Try the credentials; return the provider's name for the account, or None if it does not say."""

    @abstractmethod
    async def _find_zone(self, name: str) -> Zone | None:
        """Return the zone that holds a name; most drivers do so by `find_nearest_zone`."""

    @abstractmethod
    async def _read(self, owner: OwnerName) -> list[ZoneRecord]:
        """Return the records at a name."""

    @abstractmethod
    async def _change(self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Remove and add records at a name, within the deadline."""

    def _accept(self, owner: OwnerName, records: Sequence[ZoneRecord]) -> list[ZoneRecord]:
        """Return the records at the name with normalized values. Raises Permanent if there are too many of them."""
        accepted = _normalize(select_at_name(records, owner.name))
        if len(accepted) > _MAX_RECORDS:
            raise Permanent(
                f"{owner.name} has more than {_MAX_RECORDS} records at {self.title}; remove some of them there.",
                code="too_many_records",
            )
        return accepted

    @asynccontextmanager
    async def _limit_duration(self, activity: str, limit_s: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(limit_s):
                yield
        except TimeoutError as error:
            raise Retryable(
                f"{activity} at {self.title} took longer than {limit_s:g} s; it is tried again.",
                code="provider_unavailable",
            ) from error


class AtomicProvider(RecordProvider):
    """A driver whose API makes a change as a whole or not at all."""

    async def _change(self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        async with self._limit_duration(f"Changing {owner.name}", self._change_s):
            await self._apply(owner, remove, add)

    @abstractmethod
    async def _apply(self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Remove and add records at a name at once. Raises RecordConflict if the name is not as it was read."""


def _normalize(records: Sequence[ZoneRecord]) -> list[ZoneRecord]:
    return [replace(record, value=normalize_value(record.type, record.value)) for record in records]
