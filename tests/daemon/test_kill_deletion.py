"""kill -9 while an organization is deleted: the deletion goes on, and takes nothing of another one with it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from dcvd.sandbox import Sandbox
from dcvd.store.organizations.data import OWNED_TABLES
from tests.daemon.conftest import Collector
from tests.daemon.process import DaemonProcess, daemon_with, tenant
from tests.daemon.rows import check_rules, rows
from tests.waiting import until

_DOMAINS: Final = 300
_RIVALS_DOMAINS: Final = 3
_CHANGING: Final = frozenset(
    {"audit_entries", "audit_chains", "timeline", "events", "deliveries", "jobs", "token_usage"}
)
"""Tables in which an organization that lives goes on getting rows."""


def _count(path: Path, sql: str) -> int:
    ((count,),) = rows(path, sql)
    assert isinstance(count, int)
    return count


class _Deletion:
    """How far the deletion of `org_id` has come, by what the database holds."""

    def __init__(self, path: Path, org_id: str) -> None:
        self._path = path
        self._org_id = org_id

    def has_begun(self) -> bool:
        return rows(self._path, f"SELECT status FROM organizations WHERE id = '{self._org_id}'") != [("active",)]

    def has_ended(self) -> bool:
        return self.count("organizations", key="id") == 0

    def count(self, table: str, *, key: str = "org_id", condition: str = "TRUE") -> int:
        return _count(self._path, f"SELECT count(*) FROM {table} WHERE {key} = '{self._org_id}' AND {condition}")

    def list_hostnames_in_hand(self) -> set[object]:
        """The ids of the hostnames that a domain still has, or a job still removes."""
        found = rows(
            self._path,
            f"SELECT cf_id FROM domains WHERE org_id = '{self._org_id}' UNION"
            f" SELECT json_extract(payload, '$.cf_id') FROM jobs WHERE org_id = '{self._org_id}'"
            " AND kind = 'deregister' AND state = 'pending'",
        )
        return {cf_id for (cf_id,) in found}


def _hostnames(world: Sandbox, suffix: str) -> set[str]:
    page = world.world.hostnames.page(0, 10 * _DOMAINS, world.world.clock.now())
    return {hostname.id for hostname in page if hostname.hostname.endswith(suffix)}


async def _reach(condition: Callable[[], bool]) -> None:
    async def is_reached() -> bool:
        return condition()

    await until(is_reached, 60)


async def _fill(daemon: DaemonProcess, world: Sandbox, collector: Collector, name: str, count: int) -> str:
    """An organization with active domains, an endpoint, a zone, a member and a branding; its id."""
    path = daemon.directory / "dcvd.db"
    async with tenant(daemon, name) as api:
        await api.call("POST", "/api/webhooks", {"url": collector.url, "events": ["*"]})
        await api.call("POST", "/api/zones", {"name": f"{name.lower()}.customer.test"})
        await api.call("POST", "/api/members", {"address": "ann@customer.test"})
        await api.call("PATCH", "/api/organization/branding", {"name": name})
        lines = [{"domainName": f"n{number}.{name.lower()}.customer.test"} for number in range(count)]
        status, answer = await api.call("POST", "/api/domains/bulk", {"domains": lines})
        assert status == 200, answer
    ((org_id,),) = rows(path, f"SELECT id FROM organizations WHERE name = '{name}'")
    await _reach(
        lambda: _count(path, f"SELECT count(*) FROM domains WHERE org_id = '{org_id}' AND status = 'active'") == count
    )
    return str(org_id)


@pytest.mark.sweep
async def test_a_deletion_that_is_killed_at_any_step_goes_on_removes_hostnames_first_and_leaves_others_alone(
    tmp_path: Path, world: Sandbox, collector: Collector
) -> None:
    path = tmp_path / "dcvd.db"
    async with daemon_with(tmp_path, world) as daemon:
        rival_id = await _fill(daemon, world, collector, "Rival", _RIVALS_DOMAINS)
        org_id = await _fill(daemon, world, collector, "Acme", _DOMAINS)
        rival, deletion = _Deletion(path, rival_id), _Deletion(path, org_id)
        rivals_rows = {table.name: rival.count(table.name) for table in OWNED_TABLES}
        rivals_hostnames = _hostnames(world, ".rival.customer.test")
        assert len(rivals_hostnames) == _RIVALS_DOMAINS
        pending = "kind = 'deregister' AND state = 'pending'"
        events = deletion.count("events")
        await daemon.command("org", "delete", "Acme", "--yes")
        steps: list[Callable[[], bool]] = [
            deletion.has_begun,
            lambda: deletion.count("domains") < _DOMAINS,
            lambda: deletion.count("domains") < _DOMAINS // 2,
            lambda: deletion.count("domains") == 0,
            lambda: deletion.count("domains") == 0 and deletion.count("jobs", condition=pending) < _DOMAINS // 2,
            lambda: deletion.count("domains") == 0 and deletion.count("jobs", condition=pending) == 0,
            lambda: deletion.count("events") < events,
            deletion.has_ended,
        ]
        left: list[int] = []
        for is_reached in steps:
            await _reach(is_reached)
            await daemon.kill()
            hostnames = _hostnames(world, ".acme.customer.test")
            left.append(len(hostnames))
            assert hostnames <= deletion.list_hostnames_in_hand()
            if deletion.has_ended() or deletion.count("api_tokens") == 0:
                assert hostnames == set()
            await daemon.start()
        await _reach(deletion.has_ended)
        assert await daemon.terminate() == 0

    assert left == sorted(left, reverse=True)
    assert left[0] > left[-1] == 0
    check_rules(path)
    for table in OWNED_TABLES:
        assert deletion.count(table.name) == 0, table.name
        found = rival.count(table.name)
        assert found >= rivals_rows[table.name] if table.name in _CHANGING else found == rivals_rows[table.name]
    assert _hostnames(world, ".rival.customer.test") == rivals_hostnames
    assert rows(path, f"SELECT DISTINCT status FROM domains WHERE org_id = '{rival_id}'") == [("active",)]
    actions = rows(path, f"SELECT action FROM audit_entries WHERE object_id = '{org_id}' ORDER BY sequence")
    assert [action for (action,) in actions] == ["organization.deletion_begun", "organization.deleted"]
