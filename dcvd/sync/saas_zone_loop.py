"""The loop that checks the operator's zone at Cloudflare: at the start, then hourly, and often while it is at fault."""

import asyncio
from typing import Final

import structlog

from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.services import saas_zone
from dcvd.services.context import Context
from dcvd.services.saas_zone import AddressReader

log = structlog.get_logger(__name__)

_INTERVAL_S: Final = 3600.0
_FAULT_INTERVAL_S: Final = 60.0


class SaasZoneLoop:
    """Checks the zone. checked_at: when it was last checked, in milliseconds; None where it was not yet."""

    def __init__(
        self,
        context: Context,
        client: CloudflareClient,
        reader: AddressReader,
        *,
        interval_s: float = _INTERVAL_S,
        fault_interval_s: float = _FAULT_INTERVAL_S,
    ) -> None:
        """`fault_interval_s`: seconds between two checks while there is a fault."""
        self._context = context
        self._client = client
        self._reader = reader
        self._interval_s = interval_s
        self._fault_interval_s = fault_interval_s
        self._wake = asyncio.Event()
        self.checked_event = asyncio.Event()
        """Set once the zone was checked for the first time, whatever was found."""
        self.checked_at: int | None = None

    def wake(self) -> None:
        """Check the zone again now: the configuration has changed."""
        self._wake.set()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            self._wake.clear()
            await saas_zone.check(self._context.config, self._client, self._reader)
            self.checked_event.set()
            self.checked_at = self._context.now()
            interval_s = self._fault_interval_s if self._context.saas_zone.value.faults else self._interval_s
            try:
                async with asyncio.timeout(interval_s):
                    await self._wake.wait()
            except TimeoutError:
                continue
