"""A company with 300 hostnames at Cloudflare moves in from the predecessor, also where that is cut off by a kill."""

import asyncio
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from dcvd.config import CloudflareConfig, Config, Live
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from tests.daemon.conftest import Collector
from tests.daemon.process import DaemonProcess, daemon_with
from tests.daemon.rows import check_rules, rows
from tests.predecessor.dumps import ACME, HEX_TOKEN, PASSPHRASE, SECRET, URL_TOKEN, large_dump
from tests.waiting import until
from tests.warm.process import run

HOSTNAMES = 300
EXTRA = '\n[providers.cloudflare]\napi_base_url = "{api}"\n'


async def register(world: Sandbox, names: list[str]) -> dict[str, str]:
    """Hostnames that Cloudflare has, and that serve; of each its id."""
    config = CloudflareConfig(
        base_url=world.api_url,
        api_token=Secret("sandbox-token"),
        zone_id="5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c",
        cname_target="edge.sandbox.test",
        certificates_per_minute=0,
        requests_per_5m=0,
    )
    client = CloudflareClient(Live(replace(Config(), cloudflare=config)), Metrics())
    await client.start()
    try:
        created = await asyncio.gather(*map(client.create, names))

        async def all_serve() -> bool:
            last = await client.find(names[-1])
            return last is not None and last.ssl_status == "active"

        await until(all_serve, seconds=60)
    finally:
        await client.close()
    return {each.hostname: each.id for each in created}


async def move_in(daemon: DaemonProcess, dump: Path, *options: str) -> tuple[int, str, str]:
    """The command, to its end."""
    done = await asyncio.to_thread(
        run,
        ["import-predecessor", str(dump), *options, "--config", str(daemon.config)],
        environ={**os.environ, "ENCRYPTION_KEY": PASSPHRASE},
    )
    return done.returncode, done.stdout, done.stderr


def write(dump: Path, hostnames: dict[str, str], receiver: str) -> Path:
    dump.write_text(large_dump(hostnames, receiver), encoding="utf-8")
    return dump


async def call(url: str, token: str, path: str) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}{path}", headers={"Authorization": f"Bearer  {token} "}) as response,
    ):
        assert response.status == 200, await response.text()
        return await response.json()


@pytest.mark.sweep
async def test_a_company_moves_in_and_loses_nothing(tmp_path: Path, world: Sandbox, collector: Collector) -> None:
    names = [f"n{number:03d}.customer.test" for number in range(HOSTNAMES)]
    hostnames = await register(world, names)
    dump = write(tmp_path / "dump.sql", hostnames, collector.url)
    database = tmp_path / "dcvd.db"
    async with daemon_with(tmp_path, world, extra=EXTRA.format(api=world.api_url)) as daemon:
        code, told, _ = await move_in(daemon, dump, "--json")
        assert code == 1  # the odd rows
        summary = json.loads(told)["summary"]
        assert summary["domain"] == {"imported": HOSTNAMES + 4, "claimed": 1, "refused": 2}
        assert SECRET not in told + daemon.log.read_text()
        statuses = rows(database, f"SELECT cf_id, id, status FROM domains WHERE org_id = '{ACME}' AND name LIKE 'n%'")
        by_cf_id = {cf_id: (row_id, status) for cf_id, row_id, status in statuses}
        assert [by_cf_id[hostnames[name]] for name in names] == [
            (f"d1{number:06d}-0000-4000-8000-000000000000", "active") for number in range(HOSTNAMES)
        ]

        async def all_checked() -> bool:
            return (
                rows(database, "SELECT 1 FROM domains WHERE name LIKE 'n0%' AND dns_checked_at IS NULL LIMIT 1") == []
            )

        await until(all_checked, seconds=60)
        assert rows(database, "SELECT DISTINCT type FROM events JOIN domains d ON d.id = domain_id"
                    " WHERE d.name LIKE 'n%' AND d.name <> 'new.customer.test'") == []  # fmt: skip
        for token in (HEX_TOKEN, URL_TOKEN):
            first = await call(daemon.url, token, "/api/domains?limit=250")
            second = await call(daemon.url, token, f"/api/domains?limit=250&cursor={first['nextCursor']}")
            found = {domain["id"] for domain in first["domains"] + second["domains"]}
            assert len(found) == HOSTNAMES + 4
        # What a new event is signed with is the secret of the predecessor.
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {HEX_TOKEN}"}) as session:
            path = "/api/webhooks/e0000000-0000-4000-8000-000000000001/test"
            async with session.post(f"{daemon.url}{path}") as response:
                assert response.status == 200, await response.text()
        headers, body = collector.requests[-1]
        assert headers["X-DCVaaS-Signature"] == hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert collector.events("domain.added") == []
        again = json.loads((await move_in(daemon, dump, "--json"))[1])["summary"]
        assert again["domain"] == {"exists": HOSTNAMES + 5, "refused": 2}
        assert await daemon.terminate() == 0
    check_rules(database)


@pytest.mark.sweep
@pytest.mark.parametrize("after", [1, 40, 120, 250])
async def test_killed_in_the_middle_and_run_again_nothing_is_there_twice_and_nothing_lost(
    tmp_path: Path, world: Sandbox, collector: Collector, after: int
) -> None:
    names = [f"n{number:03d}.customer.test" for number in range(HOSTNAMES)]
    dump = write(tmp_path / "dump.sql", await register(world, names), collector.url)
    database = tmp_path / "dcvd.db"
    async with daemon_with(tmp_path, world, extra=EXTRA.format(api=world.api_url)) as daemon:
        moving = asyncio.create_task(move_in(daemon, dump))

        async def has_some() -> bool:
            return len(rows(database, "SELECT 1 FROM imported_rows")) >= after or moving.done()

        await until(has_some, seconds=60)
        await daemon.kill()
        assert (await moving)[0] == 1
        check_rules(database)
        await daemon.start()
        assert (await move_in(daemon, dump))[0] == 1
        assert await daemon.terminate() == 0
    check_rules(database)
    counts = rows(
        database,
        "SELECT (SELECT count(*) FROM domains), (SELECT count(*) FROM api_tokens), (SELECT count(*) FROM members),"
        " (SELECT count(*) FROM webhook_endpoints), (SELECT count(*) FROM webhook_secrets),"
        " (SELECT count(*) FROM organizations), (SELECT count(*) FROM alert_contacts),"
        " (SELECT count(*) FROM audit_entries WHERE action = 'history.imported'),"
        " (SELECT count(*) FROM audit_entries WHERE action = 'domain.imported')",
    )
    assert counts == [(HOSTNAMES + 5, 2, 2, 4, 4, 3, 1, 2, HOSTNAMES + 5)]
