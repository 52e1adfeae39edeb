"""A real daemon as a real process, and what a test says to it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from dcvd.sandbox import Sandbox
from tests.free_ports import find_free_port
from tests.waiting import until
from tests.warm.process import WarmProcess, run, start

_TEMPLATE = """
[server]
listen = ["127.0.0.1:{port}"]
socket = "{directory}/dcvd.sock"
shutdown_timeout = "{shutdown}"
{server}
[database]
path = "{directory}/dcvd.db"
[cloudflare]
base_url = "{api}"
api_token_file = "token"
zone_id = "5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c"
cname_target = "edge.sandbox.test"
certificates_per_minute = 0
requests_per_5m = 0
timeout = "2s"
[dns]
resolvers = ["{dns}"]
authoritative = false
[domains]
allow_reserved_tlds = ["test"]
[sync]
tick = "50ms"
pending_interval = "200ms"
[webhooks]
allow_http = true
allow_private = ["127.0.0.0/8"]
retry_schedule = ["0s", "200ms", "1s", "1s", "1s", "1s", "1s", "1s"]
timeout = "30s"
"""


def write_config(
    directory: Path, *, api: str, dns: str, shutdown: str = "10s", server: str = "", extra: str = ""
) -> Path:
    """A configuration whose every file is in `directory`. server: more lines of its section; extra: more sections."""
    path = directory / "dcvd.toml"
    port = find_free_port()
    filled = _TEMPLATE.format(directory=directory, port=port, api=api, dns=dns, shutdown=shutdown, server=server)
    path.write_text(filled + extra)
    token = directory / "token"
    token.write_text("sandbox-token")
    token.chmod(0o600)
    return path


class DaemonProcess:
    """`dcvd serve` as a child process; its log is `log`, across restarts."""

    def __init__(self, config: Path, *, descriptors: int | None = None) -> None:
        """`descriptors`: how many it may have open."""
        self.config = config
        self._descriptors = descriptors
        self.directory = config.parent
        self.log = self.directory / "dcvd.log"
        line = next(line for line in config.read_text().splitlines() if line.startswith("listen"))
        _, address, _ = line.split('"')
        self.url = f"http://{address}"
        self._process: WarmProcess | None = None

    async def start(self, *, environ: dict[str, str] | None = None) -> None:
        """Start it and wait until it answers."""
        await self.spawn(environ=environ)
        await until(self._healthy, seconds=60)

    async def spawn(self, *, environ: dict[str, str] | None = None) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self._process = await asyncio.to_thread(
                start,
                ["serve", "--config", str(self.config)],
                environ={**os.environ, **(environ or {})},
                stdout=log,
                stderr=log,
                descriptors=self._descriptors,
            )

    @property
    def process(self) -> WarmProcess:
        """The child."""
        assert self._process is not None, "start() first"
        return self._process

    async def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        await self.process.ended()

    async def terminate(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; returns its exit code."""
        self.process.send_signal(number)
        async with asyncio.timeout(30):
            return await self.process.ended()

    async def command(self, *arguments: str) -> str:
        """Run a `dcvd` command to its end; returns its standard output."""
        done = await asyncio.to_thread(run, [*arguments, "--config", str(self.config)], environ=os.environ)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    async def _healthy(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return await self.answers()

    async def answers(self) -> bool:
        """Whether it answers requests."""
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/health") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False


class Api:
    """A tenant's calls."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def call(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        async with self._session.request(method, f"{self._url}{path}", json=body, headers=headers) as response:
            text = await response.read()
            return response.status, await response.json(content_type=None) if text else None


@asynccontextmanager
async def tenant(daemon: DaemonProcess, organization: str = "Acme") -> AsyncIterator[Api]:
    """A new organization's owner."""
    await daemon.command("org", "create", organization)
    token = await daemon.command("token", "create", "--org", organization, "--name", "test", "--quiet")
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield Api(session, daemon.url)


@asynccontextmanager
async def daemon_with(
    directory: Path, sandbox: Sandbox, *, descriptors: int | None = None, **config: str
) -> AsyncIterator[DaemonProcess]:
    """A running daemon against a sandbox."""
    path = write_config(directory, api=sandbox.api_url, dns=sandbox.dns_address, **config)
    daemon = DaemonProcess(path, descriptors=descriptors)
    await daemon.start()
    try:
        yield daemon
    finally:
        if daemon.process.poll() is None:
            await daemon.kill()
