"""A loop that reads its work from the database goes on after a read that failed."""

import asyncio
from typing import Any, Final

from dcvd.errors import StoreError

READ_PAUSE_S: Final = 1.0
"""Seconds after which the database is read again."""


async def pause_after_failed_read(log: Any, event: str, error: StoreError, pause_s: float) -> None:
    """Log a read that failed, to the logger `log` of the loop, and wait until it is made again."""
    log.warning(event, error=error.message, retry_in_s=pause_s)
    await asyncio.sleep(pause_s)
