"""The daemon as an object: what it owns, and that nothing is left when it ends."""

import asyncio
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

import dcvd
from dcvd.config import Config, LoadedConfig, ServerConfig, SocketAddress
from dcvd.config.sections import DatabaseConfig
from dcvd.daemon import Daemon, DaemonFailed
from dcvd.errors import ConfigError, DatabaseLocked, DcvdError
from dcvd.kit.lockfile import LockFile

_PACKAGE = str(Path(dcvd.__file__).parent)


@pytest.fixture
def loaded(sandbox_config: Config, tmp_path: Path) -> LoadedConfig:
    """A configuration that keeps to the test's own folder and a free port."""
    config = replace(
        sandbox_config,
        server=ServerConfig(
            listen=(SocketAddress("127.0.0.1", 0),), socket=tmp_path / "dcvd.sock", shutdown_timeout=2_000
        ),
        database=DatabaseConfig(path=tmp_path / "dcvd.db", lock_wait=50),
    )
    return LoadedConfig(config=config, path=tmp_path / "dcvd.toml", from_environment=(), warnings=())


def _names() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}


async def test_every_task_is_named_and_gone_after_the_stop(loaded: LoadedConfig) -> None:
    before = _names()
    async with Daemon(loaded):
        running = _names() - before
        assert {"api", "sync", "jobs", "delivery", "janitor", "recovery", "store", "store.writer"} <= running
        unnamed = [task for task in asyncio.all_tasks() if task.get_name().startswith("Task-")]
        assert not [task for task in unnamed if task.get_coro().cr_code.co_filename.startswith(_PACKAGE)]  # type: ignore[union-attr]  # coroutines
    assert _names() == before


async def test_the_first_part_to_end_stops_the_daemon_with_its_reason(loaded: LoadedConfig) -> None:
    async def break_down() -> None:
        raise RuntimeError("the wheel came off")

    async with Daemon(loaded) as daemon:
        daemon.supervise("wheel", break_down())
        with pytest.raises(DaemonFailed, match=r"wheel ended unexpectedly.*the wheel came off"):
            await daemon.wait()


async def test_a_part_that_returns_is_a_failure_too(loaded: LoadedConfig) -> None:
    async def leave() -> None:
        return

    async with Daemon(loaded) as daemon:
        daemon.supervise("shirker", leave())
        with pytest.raises(DaemonFailed, match="shirker ended unexpectedly: it returned"):
            await daemon.wait()


async def test_a_start_that_fails_leaves_nothing_behind(loaded: LoadedConfig, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = SocketAddress("127.0.0.1", taken.getsockname()[1])
        server = replace(loaded.config.server, listen=(address,))
        daemon = Daemon(
            LoadedConfig(
                config=replace(loaded.config, server=server), path=loaded.path, from_environment=(), warnings=()
            )
        )
        with pytest.raises(DcvdError, match=str(address.port)):
            await daemon.start()
        await daemon.stop()
    assert not (tmp_path / "dcvd.sock").exists()
    assert not (tmp_path / "dcvd.db-wal").exists()
    (await LockFile.acquire(tmp_path / "dcvd.db.lock", timeout_s=0)).release()


async def test_an_operator_that_does_not_exist_is_bad_configuration(loaded: LoadedConfig) -> None:
    server = replace(loaded.config.server, operators=("nobody-of-that-name",))
    config = replace(loaded.config, server=server)
    with pytest.raises(ConfigError, match="nobody-of-that-name"):
        await Daemon(LoadedConfig(config=config, path=loaded.path, from_environment=(), warnings=())).start()


async def test_one_database_has_one_daemon(loaded: LoadedConfig) -> None:
    async with Daemon(loaded):
        with pytest.raises(DatabaseLocked):
            await Daemon(loaded).start()


async def test_stopping_twice_does_no_harm(loaded: LoadedConfig) -> None:
    daemon = Daemon(loaded)
    await daemon.start()
    daemon.request_stop()
    await daemon.wait()
    await daemon.stop()
    await daemon.stop()


async def test_cancelling_the_start_leaves_nothing_behind(loaded: LoadedConfig, tmp_path: Path) -> None:
    for steps in range(0, 40, 3):
        daemon = Daemon(loaded)
        task = asyncio.create_task(daemon.start())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await daemon.stop()
        (await LockFile.acquire(tmp_path / "dcvd.db.lock", timeout_s=0)).release()


async def test_a_database_reached_by_a_link_is_the_same_database(loaded: LoadedConfig, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    async with Daemon(loaded):
        link.symlink_to(tmp_path / "dcvd.db")
        server = replace(loaded.config.server, socket=tmp_path / "other.sock")
        config = replace(loaded.config, server=server, database=replace(loaded.config.database, path=link))
        with pytest.raises(DatabaseLocked):
            await Daemon(LoadedConfig(config=config, path=loaded.path, from_environment=(), warnings=())).start()


async def test_a_database_that_is_deleted_under_the_daemon_stops_it(loaded: LoadedConfig, tmp_path: Path) -> None:
    async with Daemon(loaded) as daemon:
        (tmp_path / "dcvd.db").unlink()
        async with asyncio.timeout(60):
            with pytest.raises(DaemonFailed, match=r"removed or replaced|disk I/O error"):
                await daemon.wait()
