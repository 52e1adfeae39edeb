"""A driver whose calls are noted, and made once more with fresh credentials where the provider refuses the present."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import structlog

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import RemoteError, Unauthorized
from dcvd.providers.driver import RecordDriver
from dcvd.services.connections.queries import OpenedConnection

log = structlog.get_logger(__name__)

T = TypeVar("T")
_Call = Callable[[RecordDriver], Awaitable[T]]


class Watch(Protocol):
    """Whoever gave the driver away."""

    def driver_of(self, opened: OpenedConnection) -> RecordDriver:
        """A driver with these credentials, of which nothing is noted."""
        ...

    async def renewed(self, opened: OpenedConnection) -> OpenedConnection | None:
        """The connection with newer credentials, or None where there are none to be had. Raises as a refresh does."""
        ...

    def worked(self, opened: OpenedConnection) -> None:
        """A call was made."""
        ...

    def failed(self, opened: OpenedConnection, error: RemoteError) -> None:
        """A call was made, and failed."""
        ...

    async def refused(self, opened: OpenedConnection, error: Unauthorized) -> Unauthorized:
        """Nothing is left to try with these credentials; returns what to raise."""
        ...


class WatchedDriver:
    """See `RecordDriver`."""

    def __init__(self, watch: Watch, opened: OpenedConnection) -> None:
        self._watch = watch
        self._opened = opened
        self._driver = watch.driver_of(opened)

    async def check(self) -> str | None:
        """As the driver's."""
        return await self._call(lambda driver: driver.check())

    async def find_zone(self, name: str) -> Zone | None:
        """As the driver's."""
        return await self._call(lambda driver: driver.find_zone(name))

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """As the driver's."""
        return await self._call(lambda driver: driver.read(zone, name))

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """As the driver's."""
        await self._call(lambda driver: driver.change(zone, remove, add))

    async def _call(self, call: _Call[T]) -> T:
        opened = self._opened
        try:
            try:
                result = await call(self._driver)
            except Unauthorized as error:
                result = await self._call_anew(call, opened, error)
        except RemoteError as error:
            self._watch.failed(opened, error)
            raise
        self._watch.worked(opened)
        return result

    async def _call_anew(self, call: _Call[T], tried: OpenedConnection, error: Unauthorized) -> T:
        renewed = await self._watch.renewed(tried)
        if renewed is not None:
            self._opened = renewed
            self._driver = self._watch.driver_of(renewed)
            try:
                return await call(self._driver)
            except Unauthorized as again:
                error = again
        if not await self._is_refused():
            raise error
        raise await self._watch.refused(self._opened, error) from error

    async def _is_refused(self) -> bool:
        """Whether the provider refuses the credentials themselves, and not only what was to be done with them."""
        try:
            await self._driver.check()
        except Unauthorized:
            return True
        except RemoteError as error:
            log.warning(
                "connection.not_checked",
                connection_id=self._opened.connection.id,
                code=error.code,
                error=error.message,
            )
        return False
