"""A zone of 300 hostnames moves in, while processes are killed: nothing twice, nothing lost, nobody told."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from dcvd.sandbox import Sandbox, SandboxSettings
from tests.daemon.process import DaemonProcess, daemon_with, write_config
from tests.daemon.rows import check_rules, rows
from tests.waiting import until
from tests.warm.process import WarmProcess, run, start

COUNT: Final = 300
PAGES: Final = COUNT // 50
LIST: Final = "GET /zones/{zone_id}/custom_hostnames"
SLOWLY: Final = "requests_per_5m = 900"
"""A call each third of a second, so that something can be killed between two pages."""


@pytest.fixture
async def zone() -> AsyncIterator[Sandbox]:
    """A zone with hostnames that serve, whose records are right."""
    settings = SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=0.2, preloaded=COUNT)
    async with Sandbox(settings) as running:
        running.set_dns("*.customer.test", "CNAME", ["edge.sandbox.test."])
        yield running


def slow_down(config: Path) -> None:
    config.write_text(config.read_text().replace("requests_per_5m = 0", SLOWLY))


def begin(config: Path) -> WarmProcess:
    """The command, which nobody waits for."""
    command = ["import-cloudflare", "--org", "Acme", "--config", str(config)]
    with (config.parent / "import.log").open("ab") as log:
        return start(command, environ=os.environ, stdout=log, stderr=log)


def imported(config: Path, *arguments: str, code: int = 0) -> Any:
    done = run(
        ["import-cloudflare", "--org", "Acme", "--json", *arguments, "--config", str(config)], environ=os.environ
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def count(database: Path) -> int:
    ((found,),) = rows(database, "SELECT count(*) FROM domains")
    assert isinstance(found, int)
    return found


def check_all_are_there_once(database: Path) -> None:
    check_rules(database)
    assert rows(database, "SELECT count(*), count(DISTINCT name), count(DISTINCT cf_id) FROM domains") == [
        (COUNT, COUNT, COUNT)
    ]
    requests = "SELECT count(*), count(DISTINCT domain_id) FROM timeline WHERE data LIKE '%imported%'"
    assert rows(database, requests) == [(COUNT, COUNT)]
    assert rows(database, "SELECT count(*) FROM audit_entries WHERE action = 'domain.imported'") == [(COUNT,)]


@pytest.mark.sweep
async def test_an_import_goes_on_where_a_killed_command_and_a_killed_daemon_left_it(
    tmp_path: Path, zone: Sandbox
) -> None:
    database = tmp_path / "dcvd.db"
    config = write_config(tmp_path, api=zone.api_url, dns=zone.dns_address)
    slow_down(config)
    daemon = DaemonProcess(config)
    await daemon.start()
    try:
        await daemon.command("org", "create", "Acme")

        async def has_grown_beyond(least: int) -> bool:
            return count(database) > least

        command = begin(config)
        await until(lambda: has_grown_beyond(0), seconds=30)
        command.kill()
        await command.ended()
        before = count(database)
        assert 0 < before < COUNT

        command = begin(config)
        await until(lambda: has_grown_beyond(before), seconds=30)
        await daemon.kill()
        assert await command.ended() == 1
        assert "Run the same command again" in (tmp_path / "import.log").read_text()
        before = count(database)
        assert 0 < before < COUNT

        await daemon.start()
        answer = await daemon.command("import-cloudflare", "--org", "Acme", "--json")
        summary = json.loads(answer)["summary"]
        assert (summary["adopted"], summary["exists"], summary["refused"]) == (COUNT - before, before, 0)
        check_all_are_there_once(database)
    finally:
        await daemon.kill()
    assert rows(database, "SELECT type, domain_id FROM events") == []
    assert zone.world.requests["POST /zones/{zone_id}/custom_hostnames"] == 0


@pytest.mark.sweep
async def test_the_first_looks_at_all_of_them_are_quiet_and_later_changes_are_told(
    tmp_path: Path, zone: Sandbox
) -> None:
    database = tmp_path / "dcvd.db"
    async with daemon_with(tmp_path, zone) as daemon:
        await daemon.command("org", "create", "Acme")
        await daemon.command("import-cloudflare", "--org", "Acme")
        unseen = "SELECT count(*) FROM domains WHERE awaits_first_check = 1 OR ready_since IS NULL"

        async def are_seen() -> bool:
            return rows(database, unseen) == [(0,)]

        await until(are_seen, seconds=30)
        assert rows(database, "SELECT type, domain_id FROM events") == []
        assert rows(database, "SELECT count(*) FROM jobs") == [(0,)]
        zone.world.delete("n7.customer.test")
        done = await daemon.command("import-cloudflare", "--org", "Acme", "--json")
        assert json.loads(done)["summary"]["exists"] == COUNT - 1


@pytest.mark.sweep
async def test_without_a_daemon_the_command_makes_a_call_for_each_page_and_no_other(
    tmp_path: Path, zone: Sandbox
) -> None:
    database = tmp_path / "dcvd.db"
    config = write_config(tmp_path, api=zone.api_url, dns=zone.dns_address)
    await asyncio.to_thread(run, ["org", "create", "Acme", "--config", str(config)], environ=os.environ)
    dry = await asyncio.to_thread(imported, config, "--dry-run")
    assert (dry["summary"]["wouldAdopt"], count(database)) == (COUNT, 0)
    assert dict(zone.world.requests) == {LIST: PAGES}

    slow_down(config)
    command = begin(config)

    async def has_some() -> bool:
        return count(database) > 0

    await until(has_some, seconds=30)
    command.kill()
    await command.ended()
    before = count(database)
    assert before < COUNT
    calls = zone.world.requests[LIST]
    config.write_text(config.read_text().replace(SLOWLY, "requests_per_5m = 0"))
    summary = (await asyncio.to_thread(imported, config))["summary"]
    assert (summary["adopted"], summary["exists"]) == (COUNT - before, before)
    assert dict(zone.world.requests) == {LIST: calls + PAGES}
    check_all_are_there_once(database)
