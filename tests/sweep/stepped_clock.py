"""A real daemon in a process whose clock a test steps, while its monotonic clock goes on, by libfaketime."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.process import DaemonProcess, write_config
from tests.waiting import until

_LIBRARIES: Final = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
requires_faketime = pytest.mark.skipif(
    not _LIBRARIES, reason="libfaketime (Debian's package faketime) is not installed"
)


class SteppedDaemon(DaemonProcess):
    """`dcvd serve` with a clock of its own, and a janitor that makes several rounds a second."""

    def __init__(self, config: Path) -> None:
        super().__init__(config)
        self._clock = self.directory / "clock"
        self._child: subprocess.Popen[bytes] | None = None
        self.step(0)

    def step(self, offset_s: int) -> None:
        """Set its clock to so many seconds ahead of the machine's."""
        draft = self._clock.with_suffix(".draft")
        draft.write_text(f"{offset_s:+d}\n")
        draft.replace(self._clock)

    async def spawn(self, *, environ: dict[str, str] | None = None) -> None:
        faked = {
            "LD_PRELOAD": str(_LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self._child = await asyncio.to_thread(self._spawn, {**os.environ, **faked, **(environ or {})})

    def _spawn(self, environ: dict[str, str]) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.sweep.stepped_serving", str(self.config)],
                env=environ,
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def child(self) -> "subprocess.Popen[bytes]":
        """The process."""
        assert self._child is not None, "start() first"
        return self._child

    async def start(self, *, environ: dict[str, str] | None = None) -> None:
        await self.spawn(environ=environ)
        await until(self._serves, seconds=60)

    async def kill(self) -> None:
        self.child.kill()
        await until(self._has_ended)

    async def terminate(self, number: int = signal.SIGTERM) -> int:
        self.child.send_signal(number)
        await until(self._has_ended)
        assert self.child.returncode is not None
        return self.child.returncode

    async def _serves(self) -> bool:
        assert self.child.poll() is None, self.log.read_text()[-3000:]
        return await self.answers()

    async def _has_ended(self) -> bool:
        return self.child.poll() is not None


@asynccontextmanager
async def stepped_daemon(directory: Path, sandbox: Sandbox) -> AsyncIterator[SteppedDaemon]:
    """A running daemon against a sandbox, whose clock is right until it is stepped."""
    extra = '[alerts]\ngather = "1s"\n'
    path = write_config(directory, api=sandbox.api_url, dns=sandbox.dns_address, extra=extra)
    path.write_text(path.read_text().replace(_SCHEDULE, _QUICK_SCHEDULE))
    daemon = SteppedDaemon(path)
    await daemon.start()
    try:
        yield daemon
    finally:
        if daemon.child.poll() is None:
            await daemon.kill()


_SCHEDULE: Final = '["0s", "200ms", "1s", "1s", "1s", "1s", "1s", "1s"]'
_QUICK_SCHEDULE: Final = '["0s", "50ms", "50ms", "50ms", "50ms", "50ms", "50ms", "50ms", "50ms", "50ms", "1s", "1h"]'
