"""The daemon as a process: starts, stops, locks, logs."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.conftest import Collector
from tests.daemon.process import DaemonProcess, daemon_with, tenant, write_config
from tests.daemon.rows import rows
from tests.faults import fault, heal, state
from tests.waiting import until


def _log(daemon: DaemonProcess) -> list[dict[str, object]]:
    return [json.loads(line) for line in daemon.log.read_text().splitlines() if line.startswith("{")]


async def test_a_domain_goes_from_added_to_active_and_its_signed_events_arrive(
    tmp_path: Path, world: Sandbox, collector: Collector
) -> None:
    async with daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        await api.call("POST", "/api/webhooks", {"url": collector.url, "events": ["domain.active", "dns.verified"]})
        status, body = await api.call("POST", "/api/domains", {"domainName": "app.customer.test"})
        assert status == 201
        domain_id = body["domain"]["id"]

        async def arrived() -> bool:
            return collector.events("domain.active") == ["app.customer.test"]

        await until(arrived)
        _, body = await api.call("GET", f"/api/domains/{domain_id}")
        assert body["domain"]["ready"] is True
        assert collector.events("dns.verified") == ["app.customer.test"]
        assert (await api.call("DELETE", f"/api/domains/{domain_id}"))[0] == 200

        async def gone() -> bool:
            return not (await state(world))["hostnames"]

        await until(gone)
        assert await daemon.terminate() == 0


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "refuse"},
        pytest.param({"kind": "status", "status": 500}, marks=pytest.mark.sweep),
        pytest.param({"kind": "status", "status": 429, "headers": {"retry-after": "1"}}, marks=pytest.mark.sweep),
        pytest.param({"kind": "lost_answer"}, marks=pytest.mark.sweep),
    ],
    ids=["refused", "500", "429", "lost"],
)
@pytest.mark.sweep
async def test_while_cloudflare_is_down_domains_are_accepted_and_all_arrives_when_it_is_back(
    tmp_path: Path, world: Sandbox, collector: Collector, members: dict[str, object]
) -> None:
    async with daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        await api.call("POST", "/api/webhooks", {"url": collector.url, "events": ["domain.active", "job.failed"]})
        await fault(world, **members)
        for number in range(5):
            status, _ = await api.call("POST", "/api/domains", {"domainName": f"n{number}.customer.test"})
            assert status == 201

        async def failing() -> bool:
            return len(collector.events("job.failed")) >= 5

        await until(failing)
        await heal(world)

        async def arrived() -> bool:
            return len(collector.events("domain.active")) == 5

        await until(arrived)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.sampled(2)
async def test_a_signal_stops_it_in_order(tmp_path: Path, world: Sandbox, number: signal.Signals) -> None:
    async with daemon_with(tmp_path, world) as daemon:
        assert await daemon.terminate(number) == 0
        assert [entry["event"] for entry in _log(daemon)][-1] == "daemon.stopped"
        assert not (tmp_path / "dcvd.sock").exists()
        assert not (tmp_path / "dcvd.db-wal").exists()
        with pytest.raises(aiohttp.ClientError):
            async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/health"):
                pass


async def test_a_stop_waits_for_a_delivery_under_way_and_stores_its_outcome(tmp_path: Path, world: Sandbox) -> None:
    arrived, answer = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await answer.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        await api.call("POST", "/api/webhooks", {"url": url, "events": ["domain.added"]})
        await api.call("POST", "/api/domains", {"domainName": "app.customer.test"})
        await arrived.wait()
        stopping = asyncio.create_task(daemon.terminate())

        async def stopped_listening() -> bool:
            return any(entry["event"] == "daemon.stopping" for entry in _log(daemon))

        await until(stopped_listening)
        answer.set()
        assert await stopping == 0
    connection = sqlite3.connect(tmp_path / "dcvd.db")
    assert connection.execute("SELECT state, attempts FROM deliveries").fetchall() == [("delivered", 1)]
    connection.close()


async def test_a_second_signal_forces_the_end(tmp_path: Path, world: Sandbox) -> None:
    hang = asyncio.Event()
    arrived = asyncio.Event()

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await hang.wait()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        await api.call("POST", "/api/webhooks", {"url": url, "events": ["domain.added"]})
        await api.call("POST", "/api/domains", {"domainName": "app.customer.test"})
        await arrived.wait()
        daemon.process.send_signal(signal.SIGTERM)

        async def stopping() -> bool:
            return any(entry["event"] == "daemon.stopping" for entry in _log(daemon))

        await until(stopping)
        assert await daemon.terminate() == 1
        assert [entry["event"] for entry in _log(daemon)][-1] == "daemon.forced"
        hang.set()


async def test_a_second_daemon_says_who_holds_the_database(tmp_path: Path, world: Sandbox) -> None:
    async with daemon_with(tmp_path, world) as daemon:
        other = tmp_path / "other"
        other.mkdir()
        config = write_config(other, api=world.api_url, dns=world.dns_address)
        text = config.read_text().replace(f"{other}/dcvd.db", f"{tmp_path}/dcvd.db")
        config.write_text(text.replace("[database]", '[database]\nlock_wait = "100ms"'))
        second = DaemonProcess(config)
        await second.spawn()
        async with asyncio.timeout(60):
            assert await second.process.ended() == 75
        assert str(daemon.process.pid) in second.log.read_text()


async def test_bad_configuration_ends_it_with_78_and_every_problem(tmp_path: Path, world: Sandbox) -> None:
    config = write_config(tmp_path, api=world.api_url, dns=world.dns_address, extra='[log]\nlevel = "loud"\n')
    config.write_text(config.read_text().replace('tick = "50ms"', 'tick = "soon"\ntock = 1'))
    daemon = DaemonProcess(config)
    await daemon.spawn()
    async with asyncio.timeout(60):
        assert await daemon.process.ended() == 78
    said = daemon.log.read_text()
    for name in ("log.level", "sync.tick", "sync.tock"):
        assert name in said


async def test_a_socket_path_that_is_too_long_is_bad_configuration_and_its_key_is_named(
    tmp_path: Path, world: Sandbox
) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    daemon = DaemonProcess(write_config(deep, api=world.api_url, dns=world.dns_address))
    await daemon.spawn()
    async with asyncio.timeout(60):
        assert await daemon.process.ended() == 78
    said = daemon.log.read_text()
    assert "server.socket" in said
    assert "expected a path of at most 107 bytes" in said
    assert "Traceback" not in said


async def test_an_address_in_use_ends_it_with_a_sentence(tmp_path: Path, world: Sandbox) -> None:
    async with daemon_with(tmp_path, world) as daemon:
        other = tmp_path / "other"
        other.mkdir()
        config = write_config(other, api=world.api_url, dns=world.dns_address)
        address = daemon.url.removeprefix("http://")
        lines = [
            f'listen = ["{address}"]' if line.startswith("listen") else line for line in config.read_text().splitlines()
        ]
        config.write_text("\n".join(lines))
        second = DaemonProcess(config)
        await second.spawn()
        async with asyncio.timeout(60):
            assert await second.process.ended() == 1
        assert address in second.log.read_text()
        assert "Traceback" not in second.log.read_text()


async def test_no_secret_is_ever_logged(tmp_path: Path, world: Sandbox, collector: Collector) -> None:
    async with daemon_with(tmp_path, world, extra='[log]\nlevel = "debug"\n') as daemon, tenant(daemon) as api:
        _, made = await api.call("POST", "/api/tokens", {"name": "t"})
        _, hook = await api.call("POST", "/api/webhooks", {"url": collector.url, "events": ["*"]})
        await api.call("POST", "/api/domains", {"domainName": "app.customer.test"})

        async def arrived() -> bool:
            return collector.events("domain.active") == ["app.customer.test"]

        await until(arrived)
        await daemon.terminate()
        said = daemon.log.read_text()
        for secret in (
            made["token"]["token"],
            hook["webhook"]["secret"],
            hook["webhook"]["signingSecret"],
            "sandbox-token",
        ):
            assert secret not in said


async def test_sighup_takes_over_what_can_change_and_names_what_cannot(tmp_path: Path, world: Sandbox) -> None:
    async with daemon_with(tmp_path, world) as daemon:
        text = daemon.config.read_text().replace('tick = "50ms"', 'tick = "60ms"')
        daemon.config.write_text(
            text.replace('shutdown_timeout = "10s"', 'shutdown_timeout = "9s"\nhead_timeout = "4s"')
        )
        daemon.process.send_signal(signal.SIGHUP)

        async def reloaded() -> bool:
            return any(entry["event"] == "daemon.reloaded" for entry in _log(daemon))

        await until(reloaded)
        (entry,) = [entry for entry in _log(daemon) if entry["event"] == "daemon.reloaded"]
        assert entry["taken_over"] == ["server.shutdown_timeout", "sync.tick"]
        assert entry["needs_restart"] == ["server.head_timeout"]

        async def recorded() -> bool:
            return bool(rows(daemon.config.parent / "dcvd.db", changed))

        changed = "SELECT org_id, actor, after FROM audit_entries WHERE action = 'configuration.reloaded'"
        await until(recorded)
        (change,) = rows(daemon.config.parent / "dcvd.db", changed)
        keys = '{"takenOver":["server.shutdown_timeout","sync.tick"],"needsRestart":["server.head_timeout"]}'
        assert change == ("", "daemon", keys)
        daemon.config.write_text("nonsense")
        daemon.process.send_signal(signal.SIGHUP)

        async def refused() -> bool:
            return any(entry["event"] == "daemon.reload_refused" for entry in _log(daemon))

        await until(refused)
        assert await daemon.terminate() == 0


async def test_readiness_and_stopping_are_told_to_the_service_manager(tmp_path: Path, world: Sandbox) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        daemon = DaemonProcess(write_config(tmp_path, api=world.api_url, dns=world.dns_address))
        messages: list[str] = []

        async def has_said(message: str) -> bool:
            with suppress(BlockingIOError):
                while True:
                    messages.extend(manager.recv(4096).decode().splitlines())
            return message in messages

        await daemon.start(environ={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        await until(lambda: has_said("READY=1"))
        assert await daemon.terminate() == 0
        await until(lambda: has_said("STOPPING=1"))
    assert messages.index("READY=1") < messages.index("STOPPING=1")


@pytest.mark.sweep
async def test_a_log_that_nobody_reads_holds_up_neither_requests_nor_the_stop(tmp_path: Path, world: Sandbox) -> None:
    config = write_config(tmp_path, api=world.api_url, dns=world.dns_address, extra='[log]\nlevel = "debug"\n')
    daemon = DaemonProcess(config)
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dcvd", "serve", "--config", str(config), stderr=writing
    )
    os.close(writing)
    try:
        async with aiohttp.ClientSession() as session:

            async def answers() -> bool:
                try:
                    async with session.get(f"{daemon.url}/health", timeout=aiohttp.ClientTimeout(30)) as response:
                        return response.status == 200
                except aiohttp.ClientError:
                    return False

            await until(answers, seconds=60)
            for _ in range(600):
                assert await answers()
        process.terminate()
        async with asyncio.timeout(60):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(reading)
