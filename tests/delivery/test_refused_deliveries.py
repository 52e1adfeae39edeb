"""Thousands of refused deliveries fill no log, and the line that matters is in it."""

import io
import json
from collections import Counter

import pytest
from aiohttp import web

from dcvd.kit.logs.configuration import configure_logging
from dcvd.kit.logs.repeated_lines import RepeatedLines
from dcvd.services.context import Context
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import backlog, happen
from tests.delivery.receivers import Receiver

DELIVERIES = 3_000


@pytest.fixture
def counted() -> RepeatedLines:
    """Counts as a daemon does."""
    return RepeatedLines()


@pytest.fixture
def stream(counted: RepeatedLines) -> io.StringIO:
    """Where the log of a daemon goes."""
    found = io.StringIO()
    configure_logging(json=True, stream=found, repeated_lines=counted)
    return found


async def test_thousands_of_refused_deliveries_are_some_lines_and_another_endpoint_that_fails_otherwise_is_seen(
    context: Context, org: str, receiver: Receiver, stream: io.StringIO, counted: RepeatedLines
) -> None:
    configure(context, retry_schedule=(0,))

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=400)

    async def break_down(_: web.Request) -> web.Response:
        return web.Response(status=418)

    receiver.answers = {"/many": refuse, "/one": break_down}
    many, _ = await subscribe(context, org, f"{receiver.base}/many", events=("domain.removed",))
    one, _ = await subscribe(context, org, f"{receiver.base}/one")
    await backlog(context, org, many, DELIVERIES)
    async with at_work(context):
        await receiver.gets(DELIVERIES // 2, "/many")
        await happen(context, org)
        await receiver.gets(DELIVERIES, "/many", seconds=60)
        await receiver.gets(1, "/one")
    counted.tell()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    failed = [line for line in lines if line["event"] == "delivery.failed"]
    assert Counter(line["status"] for line in failed) == {400: 20, 418: 1}
    assert [line["endpoint_id"] for line in failed if line["status"] == 418] == [one]
    (told,) = (line for line in lines if line["event"] == "logs.repeated_lines" and line["of"] == "delivery.failed")
    assert told["lines"] >= DELIVERIES - 100
    assert told["examples"][0]["endpoint_id"] == many
    assert len(lines) < 200
