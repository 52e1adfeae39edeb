"""`dcvd listen` as a process, beside a daemon and a receiver that are killed and come back."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from dcvd.sandbox import Sandbox
from tests.daemon.process import Api, DaemonProcess, daemon_with
from tests.daemon.rows import rows
from tests.delivery.receivers import Receiver, receiving
from tests.free_ports import find_free_port
from tests.waiting import until
from tests.warm.process import WarmProcess, start

pytestmark = pytest.mark.sweep


@pytest.fixture
async def daemon(quick_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[DaemonProcess]:
    async with daemon_with(tmp_path, quick_sandbox) as found:
        yield found


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


class Tenant:
    """A developer: their token, their calls, their `dcvd listen`."""

    def __init__(self, daemon: DaemonProcess, token: str, api: Api) -> None:
        self.daemon = daemon
        self.api = api
        self._environ = {**os.environ, "DCVD_TOKEN": token, "DCVD_URL": daemon.url}
        self._added = 0

    async def add(self, count: int) -> None:
        """So many domains, each acknowledged."""
        for _ in range(count):
            self._added += 1
            status, body = await self.api.call("POST", "/api/domains", {"domainName": f"n{self._added}.customer.test"})
            assert status == 201, body

    @asynccontextmanager
    async def listening(self, url: str, *options: str) -> AsyncIterator["Listening"]:
        """The command, once it is ready."""
        path = self.daemon.directory / "listen.log"
        errors = self.daemon.directory / "listen.err"
        with path.open("wb") as out, errors.open("wb") as err:
            arguments = ["listen", "--forward-to", url, "--json", *options]
            process = await asyncio.to_thread(start, arguments, environ=self._environ, stdout=out, stderr=err)
        found = Listening(process, path, errors)
        try:
            await found.shows("ready")
            yield found
        finally:
            process.kill()
            await process.ended()

    def events(self) -> list[tuple[str, bytes]]:
        """The id and the body of each stored event, in order."""
        found = rows(self.daemon.directory / "dcvd.db", "SELECT id, body FROM events ORDER BY sequence")
        return [(str(event_id), body) for event_id, body in found if isinstance(body, bytes)]


class Listening:
    """A `dcvd listen --json` that runs."""

    def __init__(self, process: WarmProcess, path: Path, errors: Path) -> None:
        self.process = process
        self._path = path
        self._errors = errors

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """What it has printed of one kind."""
        whole = self._path.read_text().splitlines(keepends=True)
        found = [json.loads(line) for line in whole if line.endswith("\n")]
        return [line for line in found if line["type"] == kind]

    async def shows(self, kind: str, count: int = 1) -> None:
        async def shown() -> bool:
            assert self.process.poll() is None, self._errors.read_text()
            return len(self.lines(kind)) >= count

        await until(shown, seconds=60)

    async def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            assert await self.process.ended() == 0, self._errors.read_text()
        assert self._errors.read_text() == ""


@pytest.fixture
async def tenant(daemon: DaemonProcess) -> AsyncIterator[Tenant]:
    await daemon.command("org", "create", "Acme")
    token = await daemon.command("token", "create", "--org", "Acme", "--name", "laptop", "--quiet")
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield Tenant(daemon, token, Api(session, daemon.url))


def arrived(receiver: Receiver) -> list[tuple[str, bytes]]:
    return [(request.headers["webhook-id"], request.body) for request in receiver.received]


async def test_what_it_forwards_is_what_a_webhook_sends(tenant: Tenant, receiver: Receiver) -> None:
    body = {"url": f"{receiver.base}/webhook", "events": ["domain.added"]}
    status, made = await tenant.api.call("POST", "/api/webhooks", body)
    assert status == 201, made
    async with tenant.listening(receiver.url, "--events", "domain.added") as listening:
        await tenant.add(1)
        await receiver.gets(1)
        await receiver.gets(1, "/webhook")
        await listening.interrupt()
    forwarded, sent = sorted(receiver.received, key=lambda request: request.path)
    assert (forwarded.path, sent.path) == ("/hooks", "/webhook")
    assert forwarded.body == sent.body
    assert Counter(forwarded.headers.keys()) == Counter(sent.headers.keys())
    differing = {name for name in sent.headers if forwarded.headers[name] != sent.headers[name]}
    assert differing <= {"X-DCVaaS-Signature", "webhook-signature", "webhook-timestamp"}
    (stopped,) = listening.lines("stopped")
    assert stopped["after"] >= json.loads(sent.body)["sequence"]


async def test_no_event_is_lost_or_doubled_while_the_daemon_is_killed_and_stopped(
    tenant: Tenant, receiver: Receiver
) -> None:
    async with tenant.listening(receiver.url, "--since", "0") as listening:
        for number in range(4):
            await tenant.add(5)
            if number % 2:
                assert await tenant.daemon.terminate() == 0
            else:
                await tenant.daemon.kill()
            await listening.shows("disconnected", number + 1)
            await tenant.daemon.start()
            await tenant.add(2)
            await listening.shows("connected", number + 1)

        async def complete() -> bool:
            return len(receiver.received) >= len(tenant.events())

        await until(complete)
        await listening.interrupt()
    # What happened since it ended was never its own.
    assert arrived(receiver) == tenant.events()[: len(receiver.received)]
    assert len(receiver.received) >= 28


async def test_a_receiver_that_is_down_is_told_and_with_retries_it_gets_all(tenant: Tenant) -> None:
    port = find_free_port()
    received: list[int] = []

    async def receive(request: web.Request) -> web.Response:
        received.append(json.loads(await request.read())["sequence"])
        return web.Response(status=204)

    @asynccontextmanager
    async def up() -> AsyncIterator[None]:
        application = web.Application()
        application.router.add_post("/hook", receive)
        runner = web.AppRunner(application, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def got(count: int) -> None:
        async def complete() -> bool:
            return len(received) >= count

        await until(complete, seconds=60)

    options: Sequence[str] = ("--retry", "100", "--events", "domain.added")
    async with tenant.listening(f"http://127.0.0.1:{port}/hook", *options) as listening:
        await tenant.add(2)
        await listening.shows("attempt", 2)
        assert "Nobody answers there" in listening.lines("attempt")[0]["error"]
        async with up():
            await got(2)
        await tenant.add(2)
        async with up():
            await got(4)
        await listening.interrupt()
    added = [json.loads(body)["sequence"] for _, body in tenant.events() if b'"domain.added"' in body]
    assert received == added
    accepted = [line["sequence"] for line in listening.lines("attempt") if line["accepted"]]
    assert accepted == added


async def test_without_retries_it_goes_on_behind_a_receiver_that_is_down(tenant: Tenant) -> None:
    async with tenant.listening(f"http://127.0.0.1:{find_free_port()}/hook", "--events", "domain.added") as listening:
        await tenant.add(3)
        await listening.shows("attempt", 3)
        await listening.interrupt()
    assert [line["number"] for line in listening.lines("attempt")] == [1, 1, 1]
    assert not any(line["accepted"] for line in listening.lines("attempt"))


async def test_whoever_goes_on_where_it_stopped_misses_nothing(tenant: Tenant, receiver: Receiver) -> None:
    async with tenant.listening(receiver.url, "--events", "domain.added") as listening:
        await tenant.add(2)
        await receiver.gets(2)
        await listening.shows("attempt", 2)
        await listening.interrupt()
    (stopped,) = listening.lines("stopped")
    await tenant.add(2)
    since = str(stopped["after"])
    async with tenant.listening(receiver.url, "--events", "domain.added", "--since", since) as listening:
        await receiver.gets(4)
        await listening.interrupt()
    added = [event for event in tenant.events() if b'"domain.added"' in event[1]]
    assert arrived(receiver) == added
