"""A tenant and a janitor, and what is left in the tables."""

from collections.abc import Awaitable, Callable

import pytest

from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.tokens.usage import TokenUsage

Count = Callable[[str], Awaitable[int]]


@pytest.fixture
def janitor(context: Context) -> Janitor:
    return Janitor(context, TokenUsage(), Metrics())


@pytest.fixture
def count(context: Context) -> Count:
    """How many rows a table has."""

    async def rows(table: str) -> int:
        found = await context.database.maintain(
            lambda connection: connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        )
        return int(found[0])

    return rows
