"""`dcvd doctor` where no systemd runs; tests/systemd has it on a system that does."""

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.store.backups.mark import mark_backup
from tests.cli.processes import dcvd
from tests.daemon.process import DaemonProcess, write_config
from tests.waiting import until


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as running:
        yield running


async def examine(config: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the findings by their parts."""
    done = await asyncio.to_thread(dcvd, "doctor", "--json", "--config", str(config), environ={})
    return done.returncode, {each["part"]: each for each in json.loads(done.stdout)["findings"]}


async def test_where_everything_works_it_says_so_of_each_part(tmp_path: Path, sandbox: Sandbox) -> None:
    found: dict[str, dict[str, Any]] = {}
    config = write_config(tmp_path, api=sandbox.api_url, dns=sandbox.dns_address)
    daemon = DaemonProcess(config)
    config.write_text(config.read_text().replace("[server]", f'[server]\npublic_url = "{daemon.url}"', 1))
    await daemon.start()
    mark_backup(tmp_path / "dcvd.db", time.time_ns() // 1_000_000)
    try:

        async def is_well() -> bool:
            """A part that is late on a busy machine is not known to work."""
            nonlocal found
            code, found = await examine(daemon.config)
            # Whether the network of the machine that tests has DNS64 is not known without one.
            return code == 0 and {each["status"] for part, each in found.items() if part != "DNS64"} == {"ok"}

        await until(is_well, seconds=90)
    finally:
        await daemon.kill()
    assert [part for part in found if not part.endswith((".service", ".socket", ".timer"))] == [
        "configuration", "database", "disk", "backup", "socket", "public_url", "trusted_proxies", "resolvers", "clock",
        "DNS64", "Cloudflare, token", "Cloudflare, permission", "Cloudflare, zone", "Cloudflare, quota",
        "Cloudflare, fallbackOrigin", "Cloudflare, target", "webhooks",
    ]  # fmt: skip
    assert found["public_url"]["message"] == f"{daemon.url} leads here."
    assert re.search(r"127\.0\.0\.1:\d+ answers in \d+ ms\.", found["resolvers"]["message"])
    assert "All parts work. Operators are root." in found["socket"]["message"]
    assert found["Cloudflare, token"]["message"].startswith("The API token is active, ")
    assert "in the zone sandbox.test." in found["Cloudflare, target"]["message"]


async def test_without_a_daemon_it_says_what_is_missing(tmp_path: Path, sandbox: Sandbox) -> None:
    config = write_config(tmp_path, api=sandbox.api_url, dns=sandbox.dns_address)
    sandbox.world.set_fallback(None)
    code, found = await examine(config)
    assert code == 1
    assert found["socket"]["status"] == "failing"
    assert found["database"]["status"] == "unknown"
    assert found["Cloudflare, fallbackOrigin"]["status"] == "failing"
    assert found["resolvers"]["status"] == "ok"


async def test_a_bad_configuration_is_all_that_it_can_say(tmp_path: Path, sandbox: Sandbox) -> None:
    config = write_config(tmp_path, api=sandbox.api_url, dns=sandbox.dns_address, extra='[log]\nlevel = "loud"\n')
    done = await asyncio.to_thread(dcvd, "doctor", "--config", str(config), environ={})
    assert done.returncode == os.EX_CONFIG
    assert done.stdout.startswith('FAILING  configuration: log.level is "loud"')


async def test_a_database_of_another_version_is_named(tmp_path: Path, sandbox: Sandbox) -> None:
    config = write_config(tmp_path, api=sandbox.api_url, dns=sandbox.dns_address)
    (tmp_path / "dcvd.db").write_text("This is no database.")
    _, found = await examine(config)
    assert found["database"]["status"] == "failing"
