"""How the process ends: 0 when it was told to, 75 where waiting helps, 78 where only a person does, else 1."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dcvd.sandbox import Sandbox
from dcvd.store.engine.database import Database
from dcvd.store.engine.migrate import load_migrations
from tests.daemon.process import DaemonProcess, daemon_with, tenant, write_config
from tests.waiting import until


def _log(daemon: DaemonProcess) -> list[dict[str, Any]]:
    return [json.loads(line) for line in daemon.log.read_text().splitlines() if line.startswith("{")]


async def _start(tmp_path: Path, world: Sandbox, *, extra: str = "", **environ: str) -> DaemonProcess:
    """A process that is expected to end by itself."""
    daemon = DaemonProcess(write_config(tmp_path, api=world.api_url, dns=world.dns_address, extra=extra))
    await daemon.spawn(environ=environ)
    return daemon


async def _ended(daemon: DaemonProcess) -> tuple[int, str]:
    """Exit code, and what it said last."""
    async with asyncio.timeout(20):
        code = await daemon.process.ended()
    said = daemon.log.read_text()
    assert "Traceback" not in said
    return code, said


async def _made(path: Path) -> None:
    """A database of this dcvd."""
    await (await Database.open(path)).close()


def _run(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def _overwrite(path: Path, start: int, count: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * count)


def _no_database(path: Path) -> None:
    path.write_text("This is no database at all, but a file that somebody put there.\n" * 100)


_UNUSABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "damaged in the middle": (lambda path: _overwrite(path, 4096, path.stat().st_size - 4096), "backup"),
    "damaged at its head": (lambda path: _overwrite(path, 0, 100), "backup"),
    "no database": (_no_database, "backup"),
    "newer": (
        lambda path: _run(path, f"PRAGMA user_version = {len(load_migrations()) + 1}"),
        "a newer dcvd has used it",
    ),
    "another program's": (lambda path: _run(path, "PRAGMA application_id = 7"), "belongs to another program"),
    "another program's, never in WAL": (
        lambda path: _run(path, "PRAGMA journal_mode = DELETE", "PRAGMA application_id = 7"),
        "belongs to another program",
    ),
    "unmarked, with tables": (lambda path: _run(path, "PRAGMA application_id = 0"), "belongs to another program"),
}


@pytest.mark.parametrize(("spoil", "says"), _UNUSABLE.values(), ids=_UNUSABLE)
@pytest.mark.sampled(3)
async def test_a_database_that_no_restart_cures_ends_it_with_78_and_is_left_as_it_is(
    tmp_path: Path, world: Sandbox, spoil: Callable[[Path], None], says: str
) -> None:
    database = tmp_path / "dcvd.db"
    await _made(database)
    spoil(database)
    before = database.read_bytes()
    daemon = await _start(tmp_path, world)
    code, said = await _ended(daemon)
    assert code == 78
    assert says in said
    assert database.read_bytes() == before
    assert not (tmp_path / "dcvd.sock").exists()


async def test_a_database_that_is_lost_under_the_daemon_ends_it_with_78_so_that_no_empty_one_is_made(
    tmp_path: Path, world: Sandbox
) -> None:
    async with daemon_with(tmp_path, world) as daemon:
        shutil.move(tmp_path / "dcvd.db", tmp_path / "elsewhere.db")
        async with asyncio.timeout(20):
            assert await daemon.process.ended() == 78
        assert "was removed or replaced" in _log(daemon)[-1]["error"]
    assert not (tmp_path / "dcvd.db").exists()


async def test_a_database_that_cannot_be_opened_just_now_ends_it_with_1(tmp_path: Path, world: Sandbox) -> None:
    """A directory that is not mounted yet may be a moment later."""
    config = write_config(tmp_path, api=world.api_url, dns=world.dns_address)
    config.write_text(config.read_text().replace(f"{tmp_path}/dcvd.db", f"{tmp_path}/not mounted/dcvd.db"))
    daemon = DaemonProcess(config)
    await daemon.spawn()
    code, said = await _ended(daemon)
    assert code == 1
    assert "not mounted" in said


async def test_a_vault_key_that_is_missing_ends_it_with_78_and_names_it(tmp_path: Path, world: Sandbox) -> None:
    async with daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        url = {"url": "http://127.0.0.1:9/hooks", "events": ["domain.active"]}
        assert (await api.call("POST", "/api/webhooks", url))[0] == 201
        assert await daemon.terminate() == 0
        (tmp_path / "dcvd.db.key").unlink()
        await daemon.spawn()
        code, said = await _ended(daemon)
    assert code == 78
    assert "1 webhook secret" in said
    assert "dcvd.db.key" in said
    assert not (tmp_path / "dcvd.db.key").exists()


async def test_an_operator_whom_the_machine_does_not_know_ends_it_with_78(tmp_path: Path, world: Sandbox) -> None:
    config = write_config(tmp_path, api=world.api_url, dns=world.dns_address)
    config.write_text(config.read_text().replace("[server]", '[server]\noperators = ["nobody-of-that-name"]'))
    daemon = DaemonProcess(config)
    await daemon.spawn()
    code, said = await _ended(daemon)
    assert code == 78
    assert "nobody-of-that-name" in said


@pytest.mark.parametrize(("kind", "says"), [("file", "exists and is no socket"), ("live", "Another process listens")])
async def test_a_socket_path_that_is_taken_ends_it_with_1_and_leaves_it_to_its_owner(
    tmp_path: Path, world: Sandbox, kind: str, says: str
) -> None:
    path = tmp_path / "dcvd.sock"
    with socket.socket(socket.AF_UNIX) as owner:
        if kind == "file":
            path.write_text("mine")
        else:
            owner.bind(str(path))
            owner.listen()
        inode = path.stat().st_ino
        code, said = await _ended(await _start(tmp_path, world))
    assert code == 1
    assert says in said
    assert path.stat().st_ino == inode
    assert not (tmp_path / "dcvd.db-wal").exists(), "the database was closed"


async def test_a_signal_during_the_start_ends_it_in_order(tmp_path: Path, world: Sandbox) -> None:
    """While it waits for the lock of another process."""
    await _made(tmp_path / "dcvd.db")
    async with daemon_with(tmp_path, world) as holder:
        other = tmp_path / "other"
        other.mkdir()
        config = write_config(other, api=world.api_url, dns=world.dns_address)
        text = config.read_text().replace(f"{other}/dcvd.db", f"{tmp_path}/dcvd.db")
        config.write_text(text.replace("[database]", '[database]\nlock_wait = "60s"'))
        second = DaemonProcess(config)
        await second.spawn()

        async def catches_the_signal() -> bool:
            return _catches(second.process.pid, signal.SIGTERM)

        async def heard() -> bool:
            return any(entry["event"] == "daemon.signal" for entry in _log(second))

        try:
            await until(catches_the_signal)
            second.process.send_signal(signal.SIGTERM)
            await until(heard)
            second.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                assert await second.process.ended() == 1
        finally:
            second.process.kill()
            await second.process.ended()
        assert _log(second)[-1]["event"] == "daemon.forced"
        assert holder.process.poll() is None


async def test_the_watchdog_is_told_as_long_as_the_database_answers(tmp_path: Path, world: Sandbox) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        daemon = DaemonProcess(write_config(tmp_path, api=world.api_url, dns=world.dns_address))
        await daemon.start(environ={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"})
        said = b""

        async def told_often() -> bool:
            nonlocal said
            try:
                said += manager.recv(4096)
            except BlockingIOError:
                return False
            return said.count(b"WATCHDOG=1") >= 3

        await until(told_often)
        assert await daemon.terminate() == 0


@pytest.mark.parametrize("reading", [True, False], ids=["read", "not read"])
@pytest.mark.sampled(2)
async def test_a_failure_ends_it_with_its_code_whether_or_not_its_log_is_read(
    tmp_path: Path, world: Sandbox, reading: bool
) -> None:
    config = write_config(tmp_path, api=world.api_url, dns=world.dns_address)
    config.write_text(config.read_text().replace("[server]", '[server]\noperators = ["nobody-of-that-name"]'))
    from_there, to_there = os.pipe()
    try:
        if not reading:
            os.set_blocking(to_there, False)
            try:
                while True:
                    os.write(to_there, b"x" * 4096)
            except BlockingIOError:
                os.set_blocking(to_there, True)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dcvd", "serve", "--config", str(config), stderr=to_there
        )
        async with asyncio.timeout(20):
            assert await process.wait() == 78
    finally:
        os.close(from_there)
        os.close(to_there)


def _catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal (proc(5), SigCgt)."""
    (mask,) = [line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "SigCgt" in line]
    return bool(int(mask, 16) >> (number - 1) & 1)
