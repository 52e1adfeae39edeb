"""The disk fails under a daemon: what it says is true, it goes on reading, and afterwards it goes on by itself."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from dcvd.sandbox import Sandbox
from tests.daemon.conftest import Collector
from tests.daemon.process import DaemonProcess, daemon_with, tenant, write_config
from tests.daemon.rows import rows
from tests.delivery.receivers import receiving
from tests.sweep.faults import failing, needs_strace
from tests.sweep.judgement import judge_database
from tests.waiting import until


class Tenant:
    """An owner whose every answer is kept."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Any, str | None]:
        """Status, JSON and `Retry-After` of an answer."""
        async with self._session.request(method, f"{self._url}{path}", json=body) as response:
            text = await response.read()
            return response.status, json.loads(text) if text else None, response.headers.get("Retry-After")

    async def add(self, name: str) -> tuple[int, Any, str | None]:
        """Add a domain."""
        return await self.call("POST", "/api/domains", {"domainName": name})


@asynccontextmanager
async def _owner(daemon: DaemonProcess) -> AsyncIterator[Tenant]:
    await daemon.command("org", "create", "Acme")
    token = await daemon.command("token", "create", "--org", "Acme", "--name", "test", "--quiet")
    connector = aiohttp.TCPConnector(force_close=True)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        yield Tenant(session, daemon.url)


def _names(path: Path) -> set[object]:
    return {name for (name,) in rows(path, "SELECT name FROM domains")}


@needs_strace
async def test_what_was_refused_while_syncs_failed_is_not_there_after_kill_9(
    tmp_path: Path, world: Sandbox, collector: Collector
) -> None:
    database, log = tmp_path / "dcvd.db", tmp_path / "dcvd.db-wal"
    async with daemon_with(tmp_path, world) as daemon, _owner(daemon) as owner:
        status, _, _ = await owner.call("POST", "/api/webhooks", {"url": collector.url, "events": ["*"]})
        assert status == 201
        status, kept, _ = await owner.add("kept.customer.test")
        assert status == 201
        names = [f"n{number}.customer.test" for number in range(12)]
        async with failing(daemon.process.pid, "fdatasync:error=EIO", paths=[log]):
            answers = dict(zip(names, await asyncio.gather(*map(owner.add, names)), strict=True))
            removal = await owner.call("DELETE", f"/api/domains/{kept['domain']['id']}")
            found = await owner.call("GET", "/api/domains")
            health = await owner.call("GET", "/health")
            ready = await owner.call("GET", "/ready")
            await daemon.kill()
        codes = {name: answer["code"] for name, (_, answer, _) in answers.items()}
        assert {(status, wait) for status, _, wait in [*answers.values(), removal]} == {(503, "5")}
        assert set(codes.values()) <= {"store_failed", "outcome_unknown"}
        assert (found[0], [domain["domainName"] for domain in found[1]["domains"]]) == (200, ["kept.customer.test"])
        assert (health[0], ready[0]) == (200, 503)
        refused = {name for name, code in codes.items() if code == "store_failed"}
        judge_database(database)
        await daemon.start()
        assert _names(database) & refused == set()
        if removal[1]["code"] == "store_failed":
            assert "kept.customer.test" in _names(database)
        assert (await owner.add("later.customer.test"))[0] == 201

        async def told() -> bool:
            return "later.customer.test" in collector.events("domain.added")

        await until(told)
        assert not set(collector.events("domain.added")) & refused
        assert await daemon.terminate() == 0


@needs_strace
async def test_a_full_disk_is_told_deliveries_wait_and_everything_goes_on_once_there_is_room(
    tmp_path: Path, world: Sandbox
) -> None:
    log = tmp_path / "dcvd.db-wal"
    async with receiving() as receiver, daemon_with(tmp_path, world) as daemon, _owner(daemon) as owner:
        may_answer = asyncio.Event()
        answer = receiver.answer

        async def answer_later(request: web.Request) -> web.StreamResponse:
            await may_answer.wait()
            return await answer(request)

        receiver.answer = answer_later
        status, _, _ = await owner.call("POST", "/api/webhooks", {"url": receiver.url, "events": ["domain.added"]})
        assert status == 201
        assert (await owner.add("before.customer.test"))[0] == 201
        await receiver.holds(1)
        async with failing(daemon.process.pid, "pwrite64:error=ENOSPC", paths=[log]):
            status, body, wait = await owner.add("refused.customer.test")
            assert (status, body["code"], wait) == (503, "disk_full", "30")
            may_answer.set()  # the delivery has come, and that cannot be stored

            async def is_held() -> bool:
                return "delivery.outcomes_not_stored" in daemon.log.read_text()

            await until(is_held)
            assert (await owner.call("GET", "/api/domains"))[0] == 200
            assert (await owner.call("GET", "/ready"))[0] == 503

        async def is_stored() -> bool:
            found = rows(tmp_path / "dcvd.db", "SELECT state FROM deliveries")
            return found == [("delivered",)]

        await until(is_stored)
        assert (await owner.add("after.customer.test"))[0] == 201
        await receiver.gets(2)
        identifiers = receiver.ids()
        assert len(identifiers) == len(set(identifiers)) == 2, "what could not be stored at once was not sent again"
        assert await daemon.terminate() == 0
    assert {"before.customer.test", "after.customer.test"} == _names(tmp_path / "dcvd.db")


@needs_strace
async def test_a_full_disk_at_the_start_is_called_that_and_waiting_helps(tmp_path: Path, world: Sandbox) -> None:
    config = write_config(tmp_path, api=world.api_url, dns=world.dns_address)
    command = [sys.executable, "-m", "dcvd", "serve", "--config", str(config)]
    process = await asyncio.create_subprocess_exec(
        *["strace", "-f", "-qq", "-o", os.devnull, "--seccomp-bpf"],
        *["-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC", *command],
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode == 75
    assert "The disk is full" in said.decode()
    assert not (tmp_path / "dcvd.db").exists()
    daemon = DaemonProcess(config)
    await daemon.start()
    assert await daemon.terminate() == 0


async def test_a_database_that_is_damaged_under_the_daemon_ends_it_with_78_and_so_does_the_next_start(
    tmp_path: Path, world: Sandbox
) -> None:
    database = tmp_path / "dcvd.db"
    async with daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        for number in range(5):
            assert (await api.call("POST", "/api/domains", {"domainName": f"n{number}.customer.test"}))[0] == 201
        assert await daemon.terminate() == 0
        await daemon.start()
        size = database.stat().st_size
        with database.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (size - 4096))

        async def has_ended() -> bool:
            if daemon.process.poll() is None:
                with suppress(aiohttp.ClientError):
                    await api.call("GET", "/api/domains")
            return daemon.process.poll() is not None

        await until(has_ended)
        assert daemon.process.poll() == 78
        assert "Restore it from a backup" in daemon.log.read_text().splitlines()[-1]
        await daemon.spawn()
        async with asyncio.timeout(20):
            assert await daemon.process.ended() == 78


@pytest.mark.sweep
async def test_a_database_that_is_lost_under_the_daemon_is_missed_at_the_next_start(
    tmp_path: Path, world: Sandbox
) -> None:
    async with daemon_with(tmp_path, world) as daemon:
        (tmp_path / "dcvd.db.key").unlink()  # as where the key is elsewhere
        (tmp_path / "dcvd.db").rename(tmp_path / "elsewhere.db")
        for _ in range(3):
            async with asyncio.timeout(20):
                assert await daemon.process.ended() == 78
            await daemon.spawn()
        async with asyncio.timeout(20):
            assert await daemon.process.ended() == 78
        assert "There is no database at" in daemon.log.read_text().splitlines()[-1]
        assert not (tmp_path / "dcvd.db").exists()


@pytest.mark.parametrize("kind", ["link", "directory"])
async def test_what_is_no_database_file_ends_the_start_with_78(tmp_path: Path, world: Sandbox, kind: str) -> None:
    path = tmp_path / "dcvd.db"
    if kind == "link":
        path.symlink_to(tmp_path / "not mounted" / "dcvd.db")
    else:
        path.mkdir()
    daemon = DaemonProcess(write_config(tmp_path, api=world.api_url, dns=world.dns_address))
    await daemon.spawn()
    async with asyncio.timeout(20):
        assert await daemon.process.ended() == 78
