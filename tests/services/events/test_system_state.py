"""Reports of the system's state become the operator's events, each with its delivery in one transaction, and once."""

import asyncio
import json
from typing import Any

import pytest

from dcvd.core.domains.saas_zone import HostnameUsage, SaasZone
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.system_conditions import SystemCondition, SystemState
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.events import operator_events
from dcvd.services.webhooks import endpoints
from dcvd.store import events, system_conditions
from tests.unreliable_database import Fate, strike

FULL = SystemState(zone=SaasZone(), database_path="dcvd.db", last_backup_at=None, free_bytes=0)
ROOMY = SystemState(zone=SaasZone(), database_path="dcvd.db", last_backup_at=None, free_bytes=1 << 40)


async def told(context: Context) -> list[dict[str, Any]]:
    rows = await context.database.read(
        lambda snapshot: events.list_of_org(snapshot, OPERATOR_ORG_ID, after=0, limit=100)
    )
    return [json.loads(row.body) for row in rows]


async def test_nobody_is_told_before_a_program_asks_and_what_lasts_is_told_then(context: Context) -> None:
    assert await operator_events.report_system_state(context, FULL) == []
    await operator_events.begin(context)
    await operator_events.begin(context)
    await operator_events.report_system_state(context, FULL)
    await operator_events.report_system_state(context, FULL)
    (event,) = await told(context)
    assert (event["event"], event["sequence"], event["org_id"]) == ("system.disk_low", 1, None)
    assert event["data"] == {
        "status": "raised",
        "since": event["timestamp"],
        "message": "The file system of dcvd.db has 0 MiB free: make room, or dcvd can store nothing when it is full.",
        "path": "dcvd.db",
        "free_bytes": 0,
        "floor_bytes": 1 << 30,
    }


async def test_several_that_change_at_once_are_told_at_once_to_those_who_subscribed(context: Context) -> None:
    wanted, _ = await _endpoint(context, ["system.quota_low"]), await _endpoint(context, ["domain.*"])
    zone = SaasZone(usage=HostnameUsage(95, 100, 0))
    await operator_events.report_system_state(
        context, SystemState(zone=zone, database_path="dcvd.db", last_backup_at=0, free_bytes=0)
    )
    assert [each["event"] for each in await told(context)] == [
        "system.quota_low", "system.backup_late", "system.disk_low",
    ]  # fmt: skip
    rows = await context.database.read(
        lambda snapshot: snapshot.fetch_all(
            "SELECT endpoint_id, event_type FROM deliveries WHERE org_id = ?", (OPERATOR_ORG_ID,)
        )
    )
    assert rows == [(wanted, "system.quota_low")]


async def test_reports_at_the_same_time_tell_it_once(context: Context) -> None:
    await operator_events.begin(context)
    await asyncio.gather(*(operator_events.report_system_state(context, FULL) for _ in range(5)))
    await asyncio.gather(*(operator_events.report_system_state(context, ROOMY) for _ in range(5)))
    assert [each["data"]["status"] for each in await told(context)] == ["raised", "recovered"]


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.DONE_ANYWAY])
async def test_a_report_that_the_database_lost_is_told_by_the_next_and_one_that_it_kept_is_not(
    context: Context, fate: Fate
) -> None:
    await operator_events.begin(context)
    has_struck = strike(context.database, "report_system_state.<locals>.unit", 1, fate)
    with pytest.raises(StoreError):
        await operator_events.report_system_state(context, FULL)
    assert has_struck()
    await operator_events.report_system_state(context, FULL)
    assert [each["data"]["status"] for each in await told(context)] == ["raised"]
    present = await context.database.read(system_conditions.read_all)
    assert list(present) == [SystemCondition.DISK_LOW]


async def _endpoint(context: Context, subscription: list[str]) -> str:
    await operator_events.begin(context)
    endpoint, _ = await endpoints.create(
        context, OPERATOR_ORG_ID, url="https://hooks.example.com/", events=subscription
    )
    return endpoint.id
