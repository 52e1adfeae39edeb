"""docs/proxies.md: the examples are tried with the real proxies in front of a real daemon."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from dcvd.config import Config
from dcvd.core.durations import parse_duration
from dcvd.http.bodies import ndjson
from dcvd.http.preferences import MAX_WAIT_S
from dcvd.sandbox import Sandbox, SandboxSettings
from tests.daemon.process import DaemonProcess, write_config
from tests.docs.proxy_servers import NAME, PAGE, PROXIES, Proxy, block, running, trust
from tests.waiting import until

TRUSTING = f'trusted_proxies = ["127.0.0.1/32"]\nhosts = ["{NAME}"]'


class Place:
    """A daemon whose socket outlives it, as that of a socket unit does, behind a proxy; and who comes to the proxy."""

    def __init__(self, directory: Path, listener: socket.socket, sandbox: Sandbox, port: int) -> None:
        self.directory = directory
        self.port = port
        self.config = write_config(directory, api=sandbox.api_url, dns=sandbox.dns_address, server=TRUSTING)
        self.daemon = DaemonProcess(self.config)
        self.process: Process | None = None
        self._listener = listener

    async def start(self) -> None:
        """Start the daemon with the open socket, as systemd would."""
        descriptor = self._listener.fileno()
        with self.daemon.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                "bash", "-c", f'export LISTEN_PID=$$ LISTEN_FDS=1; exec 3<&{descriptor}; exec "$@"', "bash",
                sys.executable, "-m", "dcvd", "serve", "--config", str(self.config),
                pass_fds=[descriptor], stdout=log, stderr=log,
            )  # fmt: skip

    async def stop(self) -> None:
        """Stop the daemon in order."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await self.process.wait() == 0, self.daemon.log.read_text()

    async def token(self, *arguments: str) -> str:
        """A token of a new organization."""
        name = f"org-{time.monotonic_ns()}"
        await self.daemon.command("org", "create", name)
        return await self.daemon.command("token", "create", "--org", name, "--name", "t", "--quiet", *arguments)

    @asynccontextmanager
    async def client(self, token: str = "", source: str = "127.0.0.3") -> AsyncIterator[aiohttp.ClientSession]:
        """A client at an address of its own, which knows the proxy by its name."""
        connector = aiohttp.TCPConnector(
            ssl=trust(self.directory), resolver=_Loopback(), local_addr=(source, 0), force_close=True
        )
        async with aiohttp.ClientSession(
            f"https://{NAME}:{self.port}", connector=connector, headers={"Authorization": f"Bearer {token}"}
        ) as session:
            yield session


class _Loopback(AbstractResolver):
    """Every name is at 127.0.0.1."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A daemon behind one of the proxies."""
    proxy: Proxy = request.param
    if shutil.which(proxy.program) is None:
        pytest.skip(f"{proxy.program} is not installed")
    settings = SandboxSettings(api_port=0, dns_port=0, edge_port=0)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        async with Sandbox(settings) as sandbox, running(proxy, tmp_path, listener.getsockname()[1]) as port:
            made = Place(tmp_path, listener, sandbox, port)
            await made.start()
            try:
                await until(lambda: _answers(made), seconds=60)
                yield made
            finally:
                if made.process is not None and made.process.returncode is None:
                    made.process.kill()
                    await made.process.wait()


behind_each = pytest.mark.parametrize("place", PROXIES, ids=lambda proxy: proxy.program, indirect=True)


@behind_each
@pytest.mark.sampled(2)
async def test_a_client_is_known_by_its_own_address_and_not_by_one_that_it_claims(place: Place) -> None:
    token = await place.token("--network", "127.0.0.2/32")
    async with place.client(token, "127.0.0.2") as client, client.get("/api/domains") as answer:
        assert answer.status == 200, await answer.text()
    claim = {"X-Forwarded-For": "127.0.0.2"}
    async with place.client(token) as client, client.get("/api/domains", headers=claim) as answer:
        assert answer.status in (401, 403), await answer.text()


@pytest.mark.sweep
@behind_each
@pytest.mark.sampled(2)
async def test_a_long_poll_comes_through_and_says_how_long_it_waited(place: Place) -> None:
    async with place.client(await place.token()) as client:
        began = time.monotonic()
        async with client.get("/api/events?last=0", headers={"Prefer": "wait=1"}) as answer:
            assert (answer.status, answer.headers["Preference-Applied"]) == (200, "wait=1")
        assert time.monotonic() - began >= 1


@behind_each
@pytest.mark.sampled(2)
async def test_lines_of_a_bulk_call_are_answered_before_the_last_one_is_sent(place: Place) -> None:
    asked = asyncio.Event()

    async def lines() -> AsyncIterator[bytes]:
        yield b'{"domainName":"a.customer.test"}\n'
        await asked.wait()
        yield b'{"domainName":"b.customer.test"}\n'

    async with place.client(await place.token()) as client, asyncio.timeout(30):
        headers = {"Content-Type": "application/x-ndjson"}
        async with client.post("/api/domains/bulk", data=lines(), headers=headers) as answer:
            assert answer.status == 200
            assert b"a.customer.test" in await answer.content.readline()
            asked.set()
            assert b"b.customer.test" in await answer.content.read()


@behind_each
@pytest.mark.sampled(2)
async def test_requests_share_a_connection_to_the_daemon(place: Place) -> None:
    assert place.process is not None
    kept = _list_connections(place.process.pid)
    assert kept
    async with place.client() as client:
        for _ in range(30):
            async with client.get("/health") as answer:
                assert answer.status == 200
    assert _list_connections(place.process.pid) & kept


@pytest.mark.sweep
@behind_each
@pytest.mark.sampled(2)
async def test_a_restart_of_the_daemon_fails_no_request(place: Place) -> None:
    seen: list[int] = []
    is_over = asyncio.Event()

    async def ask() -> None:
        async with place.client() as client:
            while not is_over.is_set():
                async with client.get("/health") as answer:
                    seen.append(answer.status)

    tasks = [asyncio.create_task(ask()) for _ in range(4)]
    await until(lambda: _has_seen(seen, 20))
    await place.stop()
    await place.start()
    before = len(seen)
    await until(lambda: _has_seen(seen, before + 20), seconds=60)
    is_over.set()
    await asyncio.gather(*tasks)
    assert set(seen) == {200}


def test_connections_last_longer_at_the_daemon_than_in_the_pool_of_any_proxy_and_long_polls_less_than_they_wait() -> (
    None
):
    rows = [line for line in PAGE.lines.values() if line.startswith("| ")]
    (idle,) = [row for row in rows if row.startswith("| an idle connection")]
    _, dcvd, proxies = idle.strip("| ").split(" | ")
    keep_alive = Config().server.keep_alive
    assert f"{keep_alive // 1000} s" in dcvd
    assert all(int(word) * 1000 < keep_alive for word in proxies.replace(",", "").split() if word.isdigit())
    (pool,) = [line.split()[1].rstrip(";") for line in block("nginx").splitlines() if "keepalive_timeout" in line]
    assert parse_duration(pool) < keep_alive
    (poll,) = [row for row in rows if row.startswith("| a long poll")]
    assert f"| {MAX_WAIT_S} s," in poll
    assert MAX_WAIT_S < 60
    assert f"client_max_body_size {ndjson.MAX_BYTES >> 20}m;" in block("nginx")


def test_every_example_leads_to_where_the_daemon_listens() -> None:
    (address,) = Config().server.listen
    for language in ("nginx", "caddy", "yaml"):
        assert f"{address.host}:{address.port}" in block(language)
    assert "Not tried." in PAGE.section("Traefik")


async def _answers(place: Place) -> bool:
    assert place.process is not None
    assert place.process.returncode is None, place.daemon.log.read_text()
    async with place.client() as client, client.get("/health") as answer:
        return answer.status == 200


async def _has_seen(seen: list[int], count: int) -> bool:
    return len(seen) >= count


def _list_connections(pid: int) -> set[str]:
    """The other ends of the connections over TCP that a process has open, and which were made to it."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(os.readlink(entry))
        except OSError:
            continue
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    established = [row for row in rows if row[3] == "01" and f"socket:[{row[9]}]" in inodes]
    listening = {row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}
    return {row[2] for row in established if row[1] in listening}
