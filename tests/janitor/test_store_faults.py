"""A database that fails for a while under the janitor: it is told, nothing is lost, and the next round does it all."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog.testing

from dcvd.core.instants import DAY
from dcvd.core.tokens.token import Role
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.tokens import minting, queries
from dcvd.services.tokens.authentication import build_caller
from dcvd.services.tokens.usage import TokenUsage
from tests.janitor.conftest import Count
from tests.manual_clock import ManualClock
from tests.unreliable_database import Fate, strike
from tests.waiting import until

Lines = list[Any]

_UNITS = [
    "TokenUsage.store",
    "repair_clock_skew",
    "Janitor._sweep.",
    "Janitor._sweep_listed.",
    "Janitor._sweep_deliveries.",
]
"""Of each kind of step of a round, the function whose group or read is struck."""


@pytest.fixture
def lines() -> Iterator[Lines]:
    with structlog.testing.capture_logs() as captured:
        yield captured


@asynccontextmanager
async def at_work(context: Context, token_usage: TokenUsage) -> AsyncIterator[None]:
    """A janitor whose rounds follow at once; it goes on to the end of the test."""
    janitor = Janitor(context, token_usage, Metrics(), round_interval_s=0.01)
    task = asyncio.create_task(janitor.run(), name="janitor")
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.wait([task])


def failed(lines: Lines) -> list[str]:
    return [line["error"] for line in lines if line["event"] == "janitor.round_failed"]


@pytest.mark.parametrize("fate", Fate)
@pytest.mark.parametrize("of", _UNITS)
async def test_a_round_that_the_database_refuses_is_told_and_made_again(
    context: Context,
    org: str,
    clock: ManualClock,
    count: Count,
    lines: Lines,
    of: str,
    fate: Fate,
) -> None:
    await minting.create(context, org, name="short", role=Role.OWNER, expires_at=clock.now() + DAY)
    kept = await minting.create(context, org, name="endless", role=Role.OWNER, expires_at=None)
    clock.advance(40 * DAY)
    last_use = TokenUsage()
    last_use.record_use(build_caller(kept.token), clock.now())
    struck = strike(context.database, of, 1, fate)
    async with at_work(context, last_use):

        async def done() -> bool:
            return struck() and await count("api_tokens") == 1 and bool(failed(lines))

        await until(done)
    (told,) = failed(lines)
    assert "disk I/O error" in told
    (left,) = (await queries.list_page(context, org, cursor=None, limit=10)).items
    assert left.last_used_at == clock.now()


@pytest.mark.parametrize("refused", ["writes", "reads"])
async def test_a_database_that_refuses_for_many_rounds_ends_no_janitor(
    context: Context, org: str, clock: ManualClock, count: Count, lines: Lines, refused: str
) -> None:
    """As a file system that has become read-only, or a table that cannot be read; then all is well again."""
    await minting.create(context, org, name="short", role=Role.OWNER, expires_at=clock.now() + DAY)
    clock.advance(40 * DAY)
    breaks, heals = {
        "writes": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        "reads": ("ALTER TABLE domains RENAME TO lost", "ALTER TABLE lost RENAME TO domains"),
    }[refused]
    await context.database.maintain(lambda connection: connection.execute(breaks))
    async with at_work(context, TokenUsage()):

        async def told() -> bool:
            return len(failed(lines)) >= 3

        await until(told)
        assert await count("api_tokens") == 1
        await context.database.maintain(lambda connection: connection.execute(heals))

        async def done() -> bool:
            return await count("api_tokens") == 0

        await until(done)
