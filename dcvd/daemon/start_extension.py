"""Asks the service manager for more time while a start takes long and gets on: a large database is checked, or
migrated."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from dcvd.kit.notify import Notifier
from dcvd.kit.tasks import cancel_and_wait

_INTERVAL_S: Final = 10.0
_EXTENSION_S: Final = 120.0
"""Seconds in which a start has to get on once more. What the unit's TimeoutStartSec= leaves is never taken from it."""
_LEAST_CPU_SHARE: Final = 0.01
"""The share of one processor above which something is being done: a process that only waits takes far less."""


class WorkDone(NamedTuple):
    """What this process has done so far: seconds of processor time, and blocks that were read or written."""

    cpu_s: float
    blocks: int


def measure_work() -> WorkDone:
    """Return what this process, with all its threads, has done.

    SQLite itself does not tell: before 3.41 the check of a file is one step that reports nothing until its end.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return WorkDone(usage.ru_utime + usage.ru_stime, usage.ru_inblock + usage.ru_oublock)


@asynccontextmanager
async def extending_start(notifier: Notifier, stop_event: asyncio.Event) -> AsyncIterator[None]:
    """Ask for more time as long as the block lasts, but not once a stop was asked for."""
    task = asyncio.create_task(extend_start(notifier, stop_event), name="daemon.start_extension")
    try:
        yield
    finally:
        await cancel_and_wait(task)


async def extend_start(
    notifier: Notifier,
    stop_event: asyncio.Event,
    *,
    interval_s: float = _INTERVAL_S,
    measure: Callable[[], WorkDone] = measure_work,
) -> None:
    """Ask for more time at once, and each `interval_s` seconds in which something was done, until a stop."""
    if not notifier.has_manager:
        return
    before = measure()
    notifier.extend_start(_EXTENSION_S)
    while not stop_event.is_set():
        await asyncio.sleep(interval_s)
        now = measure()
        has_worked = now.blocks > before.blocks or now.cpu_s - before.cpu_s > _LEAST_CPU_SHARE * interval_s
        if has_worked and not stop_event.is_set():
            notifier.extend_start(_EXTENSION_S)
        before = now
