"""Running work until a person ends it by a signal."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


async def run_until_signal(work: Coroutine[Any, Any, None]) -> bool:
    """Run the work until it ends, or until SIGINT, SIGTERM or SIGHUP cancels it; return True if it ended by itself.

    Only the first signal counts: a second one must not disturb the cleaning up.
    """
    task = asyncio.create_task(work, name="cli.work")
    interruption = asyncio.Event()

    def interrupt() -> None:
        if not interruption.is_set():
            interruption.set()
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # nohup asks to outlive the terminal
        loop.add_signal_handler(number, interrupt)
    try:
        await task
    except asyncio.CancelledError:
        if interruption.is_set():
            return False
        raise
    return True
