"""What an attack costs: the daemon's memory and descriptors, and the time that others wait."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from tests.daemon.process import DaemonProcess

MIB: Final = 1 << 20
_ROUND_S: Final = 1.0
_ROUNDS: Final = 3
_CLIENTS: Final = 4
_PAUSE_S: Final = 0.02
"""Between the calls of a client, so that on no machine they come to a tenant's limit."""


@asynccontextmanager
async def attacked(daemon: DaemonProcess, name: str, token: str) -> AsyncIterator[None]:
    """The attack is under way in full inside, and has ended outside."""
    host, _, port = daemon.url.removeprefix("http://").partition(":")
    attacker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.daemon.attacks.attacker", name, host, port, token,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert attacker.stdin is not None
    assert attacker.stdout is not None
    try:
        async with asyncio.timeout(60):
            assert await attacker.stdout.readline() == b"up\n"
        yield
    finally:
        attacker.stdin.close()
        async with asyncio.timeout(60):
            await attacker.wait()


class Observer:
    """Asks as a tenant with connections that stay open, and looks at the process meanwhile."""

    def __init__(self, daemon: DaemonProcess, session: aiohttp.ClientSession) -> None:
        self._daemon = daemon
        self._session = session
        self.failures: list[str] = []
        self.highest_rss = 0
        self.most_descriptors = 0

    async def measure_p99(self) -> float:
        """Seconds: the median of some rounds."""
        return statistics.median([await self._measure_round() for _ in range(_ROUNDS)])

    def look(self) -> None:
        """Take note of the process's memory and descriptors."""
        process = Path(f"/proc/{self._daemon.process.pid}")
        status = (process / "status").read_text()
        rss = int(status.partition("VmRSS:")[2].split()[0]) << 10
        self.highest_rss = max(self.highest_rss, rss)
        self.most_descriptors = max(self.most_descriptors, len(os.listdir(process / "fd")))

    async def _measure_round(self) -> float:
        durations: list[float] = []
        end = time.monotonic() + _ROUND_S
        await asyncio.gather(*(self._ask_until(end, durations) for _ in range(_CLIENTS)))
        return statistics.quantiles(durations, n=100)[98] if len(durations) > 1 else _ROUND_S

    async def _ask_until(self, end: float, durations: list[float]) -> None:
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                async with self._session.get(f"{self._daemon.url}/api/domains") as response:
                    await response.read()
                    if response.status != 200:
                        self.failures.append(str(response.status))
            except aiohttp.ClientError as error:
                self.failures.append(repr(error))
            durations.append(time.monotonic() - began)
            self.look()
            await asyncio.sleep(_PAUSE_S)
