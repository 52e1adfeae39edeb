"""The operator's programs at a real daemon: nothing of what they are owed is lost by kill -9, and faults come once."""

import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.process import Api, DaemonProcess, daemon_with, tenant
from tests.delivery.receivers import Receiver, receiving
from tests.waiting import until

_LAST_CALL_OF_CHECK = "GET /zones/{zone_id}/custom_hostnames/fallback_origin"
FLOOR = '[system_events]\ndisk_floor = "1000000GiB"\n'


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@asynccontextmanager
async def operator_of(daemon: DaemonProcess) -> AsyncIterator[Api]:
    """Calls over the daemon's socket."""
    connector = aiohttp.UnixConnector(str(daemon.directory / "dcvd.sock"), force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Api(session, "http://operator")


async def events_of(operator: Api) -> list[dict[str, Any]]:
    status, answer = await operator.call("GET", "/operator/events?limit=250")
    assert status == 200, answer
    events: list[dict[str, Any]] = answer["events"]
    return events


async def test_what_two_tenants_did_around_kills_arrives_once_each_in_one_sequence(
    tmp_path: Path, world: Sandbox, receiver: Receiver
) -> None:
    async with (
        daemon_with(tmp_path, world) as daemon,
        tenant(daemon) as acme,
        tenant(daemon, "Rival") as rival,
        operator_of(daemon) as operator,
    ):
        body = {"url": receiver.url, "events": ["domain.added"]}
        status, answer = await operator.call("POST", "/operator/webhooks", body)
        assert status == 201, answer
        for number in range(6):
            api = (acme, rival)[number % 2]
            status, answer = await api.call("POST", "/api/domains", {"domainName": f"n{number}.customer.test"})
            assert status == 201, answer
            if number % 3 == 2:
                await daemon.kill()
                await daemon.start()

        async def has_all() -> bool:
            return len(set(receiver.ids())) == 6

        await until(has_all)
        events = await events_of(operator)
        assert [each["sequence"] for each in events] == list(range(1, len(events) + 1))
        added = {each["id"]: each for each in events if each["event"] == "domain.added"}
        assert set(receiver.ids()) == set(added)
        for request in receiver.received:
            assert json.loads(request.body) == added[request.headers["webhook-id"]]
            assert json.dumps(json.loads(request.body), separators=(",", ":"), ensure_ascii=False).encode() == (
                request.body
            )
        assert len({each["org_id"] for each in added.values()}) == 2


async def test_a_refused_token_and_a_full_disk_are_told_once_however_often_it_is_killed(
    tmp_path: Path, world: Sandbox
) -> None:
    async with daemon_with(tmp_path, world, extra=FLOOR) as daemon, operator_of(daemon) as operator:

        async def told(*expected: tuple[str, str]) -> None:
            async def is_told() -> bool:
                events = await events_of(operator)
                assert all(each["org_id"] is None for each in events)
                return sorted((each["event"], each["data"]["status"]) for each in events) == sorted(expected)

            await until(is_told)

        async def has_checked() -> bool:
            return world.world.requests[_LAST_CALL_OF_CHECK] > 0

        async def has_met_faults() -> bool:
            return daemon.log.read_text().count("cloudflare.zone_fault") == 2

        await events_of(operator)  # from the first call on events are kept for the operator's programs
        # A token that changes in the middle of a check is refused by one call and taken by the next.
        await until(has_checked)
        token = daemon.directory / "token"
        right = token.read_text()
        token.write_text("wrong")
        daemon.process.send_signal(signal.SIGHUP)
        raised = [("system.cloudflare_refused", "raised"), ("system.disk_low", "raised")]
        await told(*raised)
        await daemon.kill()
        await daemon.start()
        await until(has_met_faults)
        await told(*raised)
        token.write_text(right)
        daemon.process.send_signal(signal.SIGHUP)
        await told(*raised, ("system.cloudflare_refused", "recovered"))
        await daemon.kill()
        await daemon.start()
        await told(*raised, ("system.cloudflare_refused", "recovered"))
