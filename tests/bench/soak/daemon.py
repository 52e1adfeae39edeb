"""A daemon in a process of its own, whose days are minutes."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path
from typing import Final

import aiohttp

from dcvd.sandbox import Sandbox
from tests.free_ports import find_free_port
from tests.waiting import until

_ROOT: Final = Path(__file__).parents[3]
_TEMPLATE: Final = """
[server]
listen = ["127.0.0.1:{port}"]
socket = "{directory}/dcvd.sock"
shutdown_timeout = "5s"
[database]
path = "{directory}/dcvd.db"
[cloudflare]
base_url = "{api}"
api_token_file = "token"
zone_id = "{zone}"
cname_target = "{target}"
certificates_per_minute = 0
requests_per_5m = 0
timeout = "2s"
[dns]
resolvers = ["{dns}"]
authoritative = false
[domains]
allow_reserved_tlds = ["test"]
[sync]
tick = "200ms"
pending_interval = "1s"
active_interval = "{active_interval}"
[webhooks]
allow_http = true
allow_private = ["127.0.0.0/8"]
retry_schedule = ["0s", "1s", "2s", "4s", "8s", "15s", "30s", "30s", "30s"]
timeout = "3s"
[limits]
failed_authentications = 0
[retention]
tokens = "30s"
jobs = "{retention}"
deliveries = "{retention}"
dead_letters = "{retention}"
events = "{retention}"
timeline = "{retention}"
audit = "{retention}"
[system_events]
disk_floor = "0B"
[log]
level = "warning"
format = "json"
"""


class SoakedDaemon:
    """`dcvd serve` as an ordinary child process."""

    def __init__(self, directory: Path, sandbox: Sandbox, *, retention: str) -> None:
        self.directory = directory
        self.database = directory / "dcvd.db"
        self.log = directory / "dcvd.log"
        self.starts = 0
        self.reloads = 0
        self.slowest_start_s = 0.0
        self._config = directory / "dcvd.toml"
        self._port = find_free_port()
        self._sandbox = sandbox
        self._retention = retention
        self._process: Process | None = None
        self._is_serving = False
        (directory / "token").write_text(sandbox.settings.token)
        (directory / "token").chmod(0o600)
        self._write_config("20s")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The process that runs, or ran last."""
        assert self._process is not None, "start() first"
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it serves."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            # However this program ends, the daemon ends with it.
            self._process = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "KILL"),
                *(sys.executable, "-m", "dcvd", "serve", "--config", str(self._config)),
                cwd=_ROOT,
                env={**os.environ, "PYTHONFAULTHANDLER": "1"},
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
            )
        await until(self._healthy, seconds=60)
        self._is_serving = True
        self.starts += 1
        self.slowest_start_s = max(self.slowest_start_s, time.monotonic() - began)

    async def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._is_serving = False
        self._process.kill()
        await self._process.wait()

    async def terminate(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._is_serving = False
        self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            return await self._process.wait()

    def reload(self) -> None:
        """SIGHUP, after a change of the configuration; nothing while it is away."""
        if self._is_serving and self._process is not None and self._process.returncode is None:
            self.reloads += 1
            self._write_config("25s" if self.reloads % 2 else "20s")
            self._process.send_signal(signal.SIGHUP)

    async def command(self, *arguments: str) -> str:
        """The output of a `dcvd` command."""
        done = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "dcvd", *arguments, "--config", str(self._config)),
            cwd=_ROOT,
            stdin=DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await done.communicate()
        assert done.returncode == 0, output
        return output.decode().strip()

    async def close(self) -> None:
        """Whatever became of the soak, no process stays."""
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    def _write_config(self, active_interval: str) -> None:
        self._config.write_text(
            _TEMPLATE.format(
                port=self._port,
                directory=self.directory,
                api=self._sandbox.api_url,
                zone=self._sandbox.settings.zone_id,
                target=self._sandbox.settings.target,
                dns=self._sandbox.dns_address,
                active_interval=active_interval,
                retention=self._retention,
            )
        )

    async def _healthy(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.log.read_text()[-3000:]
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/health") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False
