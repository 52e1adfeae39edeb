"""A database that fails for a while under the loop and its walks: it is told, and everybody gets their look."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog.testing
from msgspec.structs import replace

from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.sync.sweep import SweepTiming
from tests.manual_clock import ManualClock
from tests.sync.fleet import Noting, Pages, fleet, hostname, looking, names
from tests.unreliable_database import Fate, strike
from tests.waiting import until

Lines = list[Any]

_AT_ONCE = SweepTiming(interval_s=0, failure_interval_s=0)


@pytest.fixture
async def org(context: Context) -> str:
    config = context.config
    context.live_config.value = replace(config, sync=replace(config.sync, tick=20))
    return (await organizations.create(context, "Acme")).id


@pytest.fixture
def lines() -> Iterator[Lines]:
    with structlog.testing.capture_logs() as captured:
        yield captured


def told(lines: Lines, event: str) -> list[str]:
    return [line["error"] for line in lines if line["event"] == event]


@pytest.mark.parametrize(
    ("of", "which"),
    [
        ("ListSweep._count_due", 1),
        ("ListSweep._count_due", 2),
        ("ListSweep._process_page", 1),
        ("ListSweep._process_page", 2),
        ("record_many", 1),
    ],
)
@pytest.mark.parametrize("fate", Fate)
@pytest.mark.sampled(4)
async def test_a_walk_that_the_database_ends_is_told_and_a_later_walk_is_made_whole(
    context: Context,
    org: str,
    clock: ManualClock,
    lines: Lines,
    of: str,
    which: int,
    fate: Fate,
) -> None:
    due = await fleet(context, org, 200)
    # What a page says of those whose look would miss something is stored by the walk itself.
    missing = await fleet(context, org, 1, first=200, due=-1_000_000, incomplete_checks=3)
    looker = Noting(context)
    pages = Pages.of([hostname(missing[0], "moved"), *map(hostname, due)])
    struck = strike(context.database, of, which, fate)
    async with looking(context, looker, pages, _AT_ONCE):

        async def all_of_them() -> bool:
            return set(looker.looked) >= names(due)

        await until(all_of_them)
        assert struck()
        assert len(looker.looked) == len(due), "nobody twice"
        (error,) = told(lines, "sync.sweep_ended")
        assert "disk I/O error" in error

        clock.advance(1_000)
        later = await fleet(context, org, 200, first=300)
        pages.show([hostname(domain) for domain in later])
        walks = pages.asked.count(1)

        async def those_too() -> bool:
            return set(looker.listed) >= names(later)

        await until(those_too)
        assert pages.asked.count(1) > walks
    assert len(told(lines, "sync.sweep_ended")) == 1


@pytest.mark.parametrize("which", [1, 2])
async def test_what_is_due_and_cannot_be_read_is_read_again_a_moment_later(
    context: Context, org: str, lines: Lines, which: int
) -> None:
    due = await fleet(context, org, 40)
    looker = Noting(context)
    struck = strike(context.database, "SyncLoop._read_batches", which, Fate.LOST)
    async with looking(context, looker, Pages([])):

        async def all_of_them() -> bool:
            return set(looker.looked) >= names(due) and struck()

        await until(all_of_them)
    (error,) = told(lines, "sync.not_read")
    assert "disk I/O error" in error
    assert len(looker.looked) == len(due), "nobody twice"


async def test_a_table_that_cannot_be_read_for_a_while_ends_no_loop(context: Context, org: str, lines: Lines) -> None:
    due = await fleet(context, org, 3)
    looker = Noting(context)
    await _run(context, "ALTER TABLE domains RENAME TO lost")
    async with looking(context, looker, Pages([])):

        async def refused() -> bool:
            return len(told(lines, "sync.not_read")) >= 3

        await until(refused)
        assert looker.looked == []
        await _run(context, "ALTER TABLE lost RENAME TO domains")

        async def all_of_them() -> bool:
            return set(looker.looked) >= names(due)

        await until(all_of_them)


async def _run(context: Context, statement: str) -> None:
    await context.database.maintain(lambda connection: connection.execute(statement))
