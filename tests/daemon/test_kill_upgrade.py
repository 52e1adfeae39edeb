"""kill -9 around an upgrade: what the version before was killed with is finished by this one, however often it dies."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from dcvd.kit.clock import SystemClock
from dcvd.sandbox import Sandbox
from tests import faults
from tests.daemon.process import Api, DaemonProcess, write_config
from tests.daemon.rows import check_rules, rows
from tests.delivery.receivers import Receiver, receiving
from tests.store.engine import version_four
from tests.waiting import until

pytestmark = pytest.mark.sweep

_ENVIRON = {"OAUTH_ENCRYPTION_KEY": version_four.KEY.to_text().reveal()}
_KEPT = {
    "organizations": "id, name",
    "api_tokens": "id, token_hash, role",
    "domains": "id, name, created_at",
    "events": "id, sequence, type, body",
    "deliveries": "id, endpoint_id, event_id",
    "jobs": "id, kind, domain_id, connection_id, created_at",
    "oauth_connections": "id, provider, method",
    "timeline": "id, replace(data, '\"dnsState\"', '\"dnsStatus\"')",
}
"""What no version changes, by table; but for the name of one member."""

_ENDS = {
    ("register", "done", None),
    ("deregister", "done", None),
    ("revalidate", "done", None),
    ("replay", "done", None),
    ("refresh_token", "done", None),
    ("write_dns", "dead", "reauth_required"),
}
"""How the jobs end that the old daemon left; its tokens of the provider are those of a sandbox that is gone."""


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


async def _hostname_ids(path: Path, sandbox: Sandbox) -> dict[str, str]:
    """What Cloudflare calls the hostnames that the old daemon had there, by what they are called in its file."""
    version_four.make(path)
    known = rows(
        path,
        "SELECT name, cf_id FROM domains WHERE cf_id IS NOT NULL"
        " UNION ALL SELECT domain_name, cf_id FROM jobs WHERE kind = 'deregister' AND state = 'pending'",
    )
    found = {}
    url = f"{sandbox.api_url}/zones/{sandbox.settings.zone_id}/custom_hostnames"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {sandbox.settings.token}"}) as session:
        for name, old_id in known:
            body = {"hostname": name, "ssl": {"method": "http", "type": "dv"}}
            async with session.post(url, json=body) as response:
                assert response.status == 201, await response.text()
                found[str(old_id)] = (await response.json())["result"]["id"]
    return found


class Upgrade:
    """A file of version 4, and the daemon of this version on it."""

    def __init__(self, daemon: DaemonProcess, receiver: Receiver) -> None:
        self.daemon = daemon
        self.receiver = receiver
        self.path = daemon.directory / "dcvd.db"
        self.before = self._read_kept()
        self.owed = {
            (str(url).removeprefix(receiver.base), event_id)
            for url, event_id in self.rows(
                "SELECT e.url, d.event_id FROM deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id"
                " WHERE d.state = 'pending'"
            )
        }
        self.waiting_jobs = {job_id for (job_id,) in self.rows("SELECT id FROM jobs WHERE state = 'pending'")}

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return rows(self.path, sql)

    async def live(self, seconds: float, *, is_up: bool) -> None:
        """Start it and kill it so long after that, or after it answers; all that there was is still there."""
        await (self.daemon.start if is_up else self.daemon.spawn)(environ=_ENVIRON)
        await asyncio.sleep(seconds)  # the random moment itself
        assert self.daemon.process.poll() is None, self.daemon.log.read_text()[-3000:]
        await self.daemon.kill()
        self.check_kept()

    async def settle(self) -> None:
        """Start it, have the dead letters tried again and every domain looked at, and wait until nothing is left."""
        await self.daemon.start(environ=_ENVIRON)
        token = await self.daemon.command("token", "create", "--org", "Acme", "--name", "test", "--quiet")
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            api = Api(session, self.daemon.url)
            for (job_id,) in self.rows("SELECT id FROM jobs WHERE kind = 'register' AND state = 'dead'"):
                assert (await api.call("POST", f"/api/jobs/{job_id}/retry"))[0] == 200
            for (domain_id,) in self.rows("SELECT id FROM domains WHERE status = 'error'"):
                assert (await api.call("POST", f"/api/domains/{domain_id}/sync"))[0] in (200, 202)
            await until(self._is_settled, seconds=60)

    async def _is_settled(self) -> bool:
        return not self.rows(
            "SELECT 1 FROM jobs WHERE state = 'pending' UNION ALL SELECT 1 FROM deliveries WHERE state = 'pending'"
            " UNION ALL SELECT 1 FROM domains WHERE status <> 'active'"
        )

    def check_kept(self) -> None:
        assert self.rows("PRAGMA integrity_check") == [("ok",)]
        assert self.rows("PRAGMA foreign_key_check") == []
        after = self._read_kept()
        assert {table: self.before[table] - after[table] for table in _KEPT} == {table: set() for table in _KEPT}

    def check_end(self) -> None:
        """Each job has its end, and each delivery came with the id and the bytes of its event."""
        self.check_kept()
        check_rules(self.path)
        ends = {
            job_id: (kind, state, code)
            for job_id, kind, state, code in self.rows(
                "SELECT id, kind, state, iif(state = 'dead', last_error_code, NULL) FROM jobs"
            )
        }
        assert {ends[job_id] for job_id in self.waiting_jobs} == _ENDS
        assert self.rows("SELECT DISTINCT state FROM deliveries") == [("delivered",)]
        bodies = {str(event_id): body for event_id, body in self.rows("SELECT id, body FROM events")}
        assert all(request.body == bodies[request.headers["webhook-id"]] for request in self.receiver.received)
        came = {(request.path, request.headers["webhook-id"]) for request in self.receiver.received}
        assert self.owed <= came

    def _read_kept(self) -> dict[str, set[tuple[object, ...]]]:
        return {table: set(self.rows(f"SELECT {columns} FROM {table}")) for table, columns in _KEPT.items()}


@pytest.fixture
async def upgrade(tmp_path: Path, world: Sandbox, receiver: Receiver) -> AsyncIterator[Upgrade]:
    for zone in ("nowhere.test", "later.test", "shop.test"):
        world.set_dns(f"*.{zone}", "CNAME", ["edge.sandbox.test."])
    replacing = await _hostname_ids(tmp_path / "first.db", world)
    replacing[version_four.RECEIVER] = receiver.base
    version_four.make(tmp_path / "dcvd.db", now=SystemClock().now(), replacing=replacing)
    (tmp_path / "client").write_text(world.settings.oauth_client_secret)
    (tmp_path / "client").chmod(0o600)
    extra = (
        f'[oauth.cloudflare]\nclient_id = "{world.settings.oauth_client_id}"\nclient_secret_file = "client"\n'
        f'token_url = "{world.oauth_url}/token"\n[providers.cloudflare]\napi_base_url = "{world.api_url}"\n'
    )
    config = write_config(tmp_path, api=world.api_url, dns=world.dns_address, extra=extra)
    made = Upgrade(DaemonProcess(config), receiver)
    yield made
    if made.daemon.process.poll() is None:
        await made.daemon.kill()


async def test_killed_at_the_start_and_at_work_it_finishes_what_the_version_before_left(upgrade: Upgrade) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    await upgrade.live(dice.uniform(0, 0.2), is_up=False)
    await upgrade.live(dice.uniform(0, 0.2), is_up=True)
    await upgrade.settle()
    assert await upgrade.daemon.terminate() == 0
    upgrade.check_end()


@pytest.mark.timeout(170)
async def test_killed_thirty_times_during_and_after_an_outage_it_finishes_what_the_version_before_left(
    upgrade: Upgrade, world: Sandbox
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for method in ("POST", "PATCH", "DELETE"):
        await faults.fault(world, kind="status", status=503, method=method, path="/zones/*/custom_hostnames*")
    for number in range(30):
        if number == 15:
            await faults.heal(world)
        await upgrade.live(dice.uniform(0, 0.3), is_up=bool(number % 3))
    await upgrade.settle()
    assert await upgrade.daemon.terminate() == 0
    upgrade.check_end()
