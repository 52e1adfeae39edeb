"""`python -m tests.sweep.stepped_serving CONFIG`: a daemon whose janitor makes several rounds a second."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Final

import uvloop

from dcvd.config import load
from dcvd.daemon.daemon import Daemon
from dcvd.kit.logs.configuration import configure_logging

_ROUND_INTERVAL_S: Final = 0.1


async def _serve(path: Path) -> None:
    daemon = Daemon(load(path, os.environ), janitor_interval_s=_ROUND_INTERVAL_S)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, daemon.request_stop)
    async with daemon:
        await daemon.wait()


if __name__ == "__main__":
    configure_logging(level="info", json=True, use_thread=False)
    uvloop.run(_serve(Path(sys.argv[1])))
