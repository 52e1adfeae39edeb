"""The watch over what dcvd itself needs: the disk, the last backup, and what is known of Cloudflare."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from dcvd.config.sections import DatabaseConfig
from dcvd.core.domains.saas_zone import ZoneFault, ZoneFaultCode
from dcvd.core.instants import DAY
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.janitor import SystemWatch
from dcvd.services.context import Context
from dcvd.services.events import operator_events
from dcvd.store import events
from dcvd.store.backups.mark import mark_backup
from dcvd.store.engine.disk import measure_free_bytes
from tests.unreliable_database import Fate, strike
from tests.waiting import until

_GIB = 1 << 30


def refuse(_: Path) -> int:
    raise OSError("it was unmounted")


@pytest.fixture
async def place(context: Context, tmp_path: Path) -> Context:
    """A context whose database is where the watch looks, and whose operator has a program."""
    path = tmp_path / "dcvd.db"
    context.live_config.value = replace(context.config, database=DatabaseConfig(path=path))
    await operator_events.begin(context)
    return context


@asynccontextmanager
async def at_work(
    context: Context, interval_s: float, measure_free: Callable[[Path], int] = lambda _: 2 * _GIB
) -> AsyncIterator[None]:
    task = asyncio.create_task(SystemWatch(context, interval_s=interval_s, measure_free=measure_free).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def told(context: Context) -> list[tuple[str, str]]:
    rows = await context.database.read(
        lambda snapshot: events.list_of_org(snapshot, OPERATOR_ORG_ID, after=0, limit=100)
    )
    return [(row.type.value, json.loads(row.body)["data"]["status"]) for row in rows]


async def test_what_is_free_is_measured_on_the_file_system_of_the_database(tmp_path: Path) -> None:
    assert measure_free_bytes(tmp_path / "dcvd.db") > 0
    with pytest.raises(OSError, match="No such file"):
        measure_free_bytes(tmp_path / "gone" / "dcvd.db")


async def test_a_full_disk_and_a_late_backup_are_told_and_their_end(place: Context) -> None:
    free = [_GIB // 2]
    watch = SystemWatch(place, measure_free=lambda _: free[0])
    mark_backup(place.config.database.path, place.now() - 3 * DAY)
    await watch.run_once()
    await watch.run_once()
    assert await told(place) == [("system.backup_late", "raised"), ("system.disk_low", "raised")]
    mark_backup(place.config.database.path, place.now())
    free[0] = 2 * _GIB
    await watch.run_once()
    assert (await told(place))[2:] == [("system.backup_late", "recovered"), ("system.disk_low", "recovered")]


async def test_a_disk_that_cannot_be_measured_changes_nothing(place: Context) -> None:
    await SystemWatch(place, measure_free=lambda _: 0).run_once()
    await SystemWatch(place, measure_free=refuse).run_once()
    assert await told(place) == [("system.disk_low", "raised")]


async def test_a_refusal_of_cloudflare_is_told_at_once(place: Context) -> None:
    async with at_work(place, interval_s=3600):
        fault = ZoneFault(code=ZoneFaultCode.UNAUTHORIZED, message="10000: Authentication error", since=place.now())
        place.saas_zone.value = place.saas_zone.value.with_fault(fault)

        async def is_told() -> bool:
            return await told(place) == [("system.cloudflare_refused", "raised")]

        await until(is_told)


async def test_a_report_that_the_database_refuses_is_made_again(place: Context) -> None:
    has_struck = strike(place.database, "report_system_state.<locals>.unit", 1, Fate.LOST)
    async with at_work(place, interval_s=0.01, measure_free=lambda _: 0):

        async def is_told() -> bool:
            return await told(place) == [("system.disk_low", "raised")]

        await until(is_told)
    assert has_struck()
