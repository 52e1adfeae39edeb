"""kill -9 at any moment loses nothing and repeats nothing that matters."""

import asyncio
import random
from pathlib import Path

import aiohttp
import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.conftest import Collector
from tests.daemon.process import Api, daemon_with, tenant
from tests.daemon.rows import check_rules, rows
from tests.waiting import until

LIVES = 20
DOMAINS = 200


async def _add(api: Api, name: str) -> bool:
    """Whether the daemon acknowledged it; 409 says that an earlier, unanswered try got through."""
    try:
        status, body = await api.call("POST", "/api/domains", {"domainName": name})
    except (aiohttp.ClientError, ConnectionError):
        return False
    assert status in (201, 409), body
    return True


@pytest.mark.sweep
@pytest.mark.timeout(170)
async def test_killed_at_twenty_random_moments_every_domain_becomes_active_once_and_every_event_arrives(
    tmp_path: Path, world: Sandbox, collector: Collector
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    waiting = [f"n{number:03d}.customer.test" for number in range(DOMAINS)]
    acknowledged: set[str] = set()
    database = tmp_path / "dcvd.db"
    async with daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        status, _ = await api.call("POST", "/api/webhooks", {"url": collector.url, "events": ["*"]})
        assert status == 201
        for _ in range(LIVES):
            batch = waiting[: DOMAINS // LIVES + 2]
            tries = [asyncio.create_task(_add(api, name)) for name in batch]
            await asyncio.sleep(dice.uniform(0.0, 1.0))  # the random moment itself
            await daemon.kill()
            results = await asyncio.gather(*tries)
            acknowledged |= {name for name, through in zip(batch, results, strict=True) if through}
            stored = {str(name) for (name,) in rows(database, "SELECT name FROM domains")}
            assert acknowledged <= stored
            waiting = [name for name in waiting if name not in acknowledged]
            await daemon.start()
        for name in waiting:
            assert await _add(api, name)

        async def settled() -> bool:
            (active,) = rows(database, "SELECT count(*) FROM domains WHERE status = 'active'")[0]
            (owed,) = rows(database, "SELECT count(*) FROM deliveries WHERE state = 'pending'")[0]
            (undone,) = rows(database, "SELECT count(*) FROM jobs WHERE state = 'pending'")[0]
            return (active, owed, undone) == (DOMAINS, 0, 0)

        await until(settled, seconds=60)
        assert await daemon.terminate() == 0

    check_rules(database)
    counts = rows(database, "SELECT domain_id, count(*) FROM events WHERE type = 'domain.active' GROUP BY domain_id")
    assert len(counts) == DOMAINS
    assert {count for _, count in counts} == {1}
    events = {str(identifier): body for identifier, body in rows(database, "SELECT id, body FROM events")}
    assert set(events) - {str(i) for (i,) in rows(database, "SELECT event_id FROM deliveries")} == set()
    assert set(collector.bodies) == set(events)
    assert all(bodies == {events[identifier]} for identifier, bodies in collector.bodies.items())
    sequences = [number for (number,) in rows(database, "SELECT sequence FROM events ORDER BY sequence")]
    assert sequences == list(range(1, len(events) + 1))
    assert rows(database, "SELECT DISTINCT state FROM deliveries") == [("delivered",)]
    assert len(collector.events("domain.active")) == DOMAINS
