"""Whatever clients do to the listeners, the others are served as before, and the daemon stays as large as it was."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.attacks.observation import MIB, Observer, attacked
from tests.daemon.conftest import Collector
from tests.daemon.process import DaemonProcess, daemon_with, tenant
from tests.waiting import until

_MOST_GROWTH = 60 * MIB
_NOTICEABLE_S = 0.25
"""Below this many seconds nobody waits; on a busy machine, what is measured there is the machine."""


async def mint(daemon: DaemonProcess, organization: str) -> str:
    await daemon.command("org", "create", organization)
    return await daemon.command("token", "create", "--org", organization, "--name", "test", "--quiet")


@asynccontextmanager
async def observing(daemon: DaemonProcess) -> AsyncIterator[Observer]:
    headers = {"Authorization": f"Bearer {await mint(daemon, 'Bystander')}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Observer(daemon, session)


@pytest.mark.sweep
@pytest.mark.timeout(170)
@pytest.mark.parametrize(
    "name",
    [
        "silent", "idle", "half-open", "slow-head", "slow-body", "slow-chunks", "slow-reader", "unread", "pipelined",
        "huge-head", "huge-bodies", "huge-anonymous-bodies", "huge-chunked-bodies", "huge-unwanted-bodies", "smuggled",
    ],
)  # fmt: skip
async def test_an_attack_costs_others_nothing(tmp_path: Path, world: Sandbox, name: str) -> None:
    async with daemon_with(tmp_path, world) as daemon, observing(daemon) as observer:
        token = await mint(daemon, "Attacker")
        await observer.measure_p99()  # which warms it up
        before, rss_before = await observer.measure_p99(), observer.highest_rss
        async with attacked(daemon, name, token):
            during = await observer.measure_p99()
        grown = observer.highest_rss - rss_before
        print(f"{name}: p99 {before * 1e3:.1f} ms, then {during * 1e3:.1f} ms; {grown / MIB:.1f} MiB more")
        assert observer.failures == []
        assert grown < _MOST_GROWTH
        assert during <= max(2 * before, _NOTICEABLE_S)


@pytest.mark.sweep
@pytest.mark.timeout(170)
async def test_with_few_descriptors_half_open_connections_leave_enough_for_calls_deliveries_and_lookups(
    tmp_path: Path, world: Sandbox, collector: Collector
) -> None:
    async with daemon_with(tmp_path, world, descriptors=256) as daemon, tenant(daemon) as api:
        status, _ = await api.call("POST", "/api/webhooks", {"url": collector.url, "events": ["domain.active"]})
        assert status == 201
        token = await mint(daemon, "Attacker")
        names = [f"n{number:03d}.customer.test" for number in range(20)]
        async with aiohttp.ClientSession() as session, attacked(daemon, "half-open", token):
            observer = Observer(daemon, session)
            for name in names:
                status, _ = await api.call("POST", "/api/domains", {"domainName": name})
                assert status == 201
                observer.look()

            async def all_arrived() -> bool:
                observer.look()
                return len(collector.events("domain.active")) == len(names)

            await until(all_arrived, seconds=90)
        assert observer.most_descriptors < 256
        log = daemon.log.read_text()
        assert "Too many open files" not in log
        assert max(collector.times.values()) == 1
