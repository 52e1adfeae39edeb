"""How punctual the event loop is."""

import asyncio
from collections.abc import Callable
from typing import Final

_INTERVAL_S: Final = 0.5


async def measure_lag(record: Callable[[float], None], *, interval_s: float = _INTERVAL_S) -> None:
    """Record twice a second by how many seconds the loop wakes too late, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + interval_s
        await asyncio.sleep(interval_s)
        record(max(loop.time() - due_s, 0.0))
