"""Work that a person ends."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


async def run_until_signal(work: Coroutine[Any, Any, None]) -> bool:
    """Run to the end, or until SIGINT, SIGTERM or SIGHUP cancels it; True when it ended by itself.

    Only the first signal counts: a second one must not disturb the cleaning up.
    """
    task = asyncio.create_task(work, name="cli.work")
    interrupted = asyncio.Event()

    def interrupt() -> None:
        if not interrupted.is_set():
            interrupted.set()
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # nohup asks to outlive the terminal
        loop.add_signal_handler(number, interrupt)
    try:
        await task
    except asyncio.CancelledError:
        if interrupted.is_set():
            return False
        raise
    return True
