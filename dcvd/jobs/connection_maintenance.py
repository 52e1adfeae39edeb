"""Maintain connections that nobody uses at the moment."""

import asyncio
from typing import Final

import structlog

from dcvd.errors import StoreError
from dcvd.services.connections import maintenance, revocations
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context

log = structlog.get_logger(__name__)

_ROUND_INTERVAL_S: Final = 10.0
"""Seconds; tokens live longer than jobs are planned ahead, so each round finds the refreshes that are due."""


class ConnectionMaintenance:
    """Makes a round every few seconds until it is cancelled."""

    def __init__(self, context: Context, access: ProviderAccess) -> None:
        self._context = context
        self._access = access

    async def run(self) -> None:
        """Run until cancelled; a round that fails at the database is made again."""
        while True:
            try:
                await self.run_once()
            except StoreError as error:
                log.warning("connections.round_failed", error=error.message)
            await asyncio.sleep(_ROUND_INTERVAL_S)

    async def run_once(self) -> None:
        """Finish what was cut off, enqueue refreshes that are due, mark expired connections, store the last uses."""
        await self._access.refresher.store_unstored()
        revoked_count = await revocations.carry_out_pending(
            self._context, self._access.token_client, self._access.tasks
        )
        await self._access.usage.store(self._context)
        refresh_count = await maintenance.enqueue_refreshes(self._context)
        expired_count = await maintenance.require_reauth_of_expired(self._context)
        if refresh_count or expired_count or revoked_count:
            log.info("connections.looked_after", refreshing=refresh_count, ended=expired_count, revoking=revoked_count)
