"""After a restore: what the backup does not know is numbered on, found at Cloudflare, and put right."""

import json
from pathlib import Path

import pytest

from dcvd.core.epochs import epoch_of
from dcvd.sandbox import Sandbox
from tests.daemon.conftest import Collector
from tests.daemon.process import Api, DaemonProcess, daemon_with, tenant
from tests.daemon.rows import check_rules, rows
from tests.waiting import until


async def _add(api: Api, name: str) -> str:
    status, answer = await api.call("POST", "/api/domains", {"domainName": name})
    assert status == 201, answer
    return str(answer["domain"]["id"])


async def _active(database: Path, *names: str) -> None:
    async def are_active() -> bool:
        listed = ", ".join(f"'{name}'" for name in names)
        sql = f"SELECT count(*) FROM domains WHERE status = 'active' AND name IN ({listed})"
        return rows(database, sql) == [(len(names),)]

    await until(are_active)


def _hostname_id(database: Path, name: str) -> object:
    ((cf_id,),) = rows(database, f"SELECT cf_id FROM domains WHERE name = '{name}'")
    return cf_id


async def _orphans(daemon: DaemonProcess) -> list[str]:
    found = json.loads(await daemon.command("orphans", "list", "--json"))["orphans"]
    return [each["hostname"] for each in found]


@pytest.mark.sweep
async def test_what_a_backup_does_not_know_is_found_and_its_numbers_come_to_nobody_again(
    tmp_path: Path, world: Sandbox, collector: Collector
) -> None:
    database = tmp_path / "dcvd.db"
    async with daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        assert (await api.call("POST", "/api/webhooks", {"url": collector.url, "events": ["*"]}))[0] == 201
        removed_later = await _add(api, "removed.customer.test")
        await _active(database, "removed.customer.test")
        await daemon.command("backup", str(tmp_path / "backup.db"))
        await _add(api, "adopted.customer.test")
        await _add(api, "left.customer.test")
        await _active(database, "adopted.customer.test", "left.customer.test")
        former_id = _hostname_id(database, "adopted.customer.test")
        assert (await api.call("DELETE", f"/api/domains/{removed_later}"))[0] < 300
        await until(lambda: _is_deregistered(world, "removed.customer.test"))
        seen = (await api.call("GET", "/api/events"))[1]
        assert seen["epoch"] == 0
        assert await daemon.terminate() == 0

        restored = json.loads(await daemon.command("restore", str(tmp_path / "backup.db"), "--json"))["restore"]
        await daemon.start()
        feed = (await api.call("GET", f"/api/events?after={seen['nextCursor']}"))[1]
        assert feed["epoch"] == restored["epoch"]
        assert await _orphans(daemon) == ["adopted.customer.test", "left.customer.test"]

        adopted = await daemon.command(
            "orphans", "adopt", "adopted.customer.test", "--former", restored["keptFile"], "--json"
        )
        assert json.loads(adopted) == {"adopted": ["adopted.customer.test"], "refused": [], "ownerless": []}
        await daemon.command("orphans", "remove", "left.customer.test", "--yes")
        # The hostname that is gone from Cloudflare is registered again by the ordinary checks.
        await _active(database, "adopted.customer.test", "removed.customer.test")
        assert _hostname_id(database, "adopted.customer.test") == former_id
        assert await _orphans(daemon) == []
        assert world.world.hostnames.get_by_name("left.customer.test", 0) is None

        events = (await api.call("GET", f"/api/events?after={seen['nextCursor']}"))[1]["events"]
        numbers = [event["sequence"] for event in events]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert (epoch_of(numbers[0]), numbers[0] % 10**9) == (restored["epoch"], 1)
        check_rules(database)
        await until(lambda: _has_all(collector, {str(event["id"]) for event in events}))
    bodies = [json.loads(body) for of_event in collector.bodies.values() for body in of_event]
    assert len({body["sequence"] for body in bodies}) == len({body["id"] for body in bodies})


async def _is_deregistered(world: Sandbox, name: str) -> bool:
    return world.world.hostnames.get_by_name(name, 0) is None


async def _has_all(collector: Collector, ids: set[str]) -> bool:
    return ids <= set(collector.bodies)
