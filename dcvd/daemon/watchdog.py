"""Tells the service manager that the daemon lives."""

import asyncio
from typing import Final

import structlog

from dcvd.errors import StoreError
from dcvd.kit.notify import Notifier
from dcvd.store.engine.caller_database import DatabaseAccess

log = structlog.get_logger(__name__)

_TIMEOUT_S: Final = 5.0


async def feed_watchdog(
    database: DatabaseAccess, notifier: Notifier, interval_s: float, *, timeout_s: float = _TIMEOUT_S
) -> None:
    """Report every `interval_s` seconds that the daemon lives, as long as the event loop runs and the database answers.

    One read that fails ends nothing: the service manager decides for how long the daemon may stay silent.
    """
    while True:
        try:
            async with asyncio.timeout(timeout_s):
                await database.read(lambda snapshot: snapshot.fetch_one("SELECT 1"))
        except (StoreError, TimeoutError) as error:
            log.warning("daemon.watchdog_not_fed", error=str(error) or f"no answer within {timeout_s:g} s")
        else:
            notifier.notify_watchdog()
        await asyncio.sleep(interval_s)
