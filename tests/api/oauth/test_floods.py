"""Callers without a token: what they cost, however many they are."""

import asyncio
import io
import json
from typing import Any, cast

import pytest

from dcvd.kit.logs.anonymous_lines import ANONYMOUS_LINES
from dcvd.kit.logs.configuration import configure_logging
from tests.api.oauth.flow import Flow
from tests.served_app.client import problem
from tests.served_app.fixtures import EventDict
from tests.unreliable_database import UnreliableDatabase

pytestmark = pytest.mark.parametrize("server", ["ours"], indirect=True)

CALLS = 1_000
MOST_LINES = 60


@pytest.fixture
def written(log_lines: list[EventDict]) -> io.StringIO:
    """What the daemon's own logging writes, at its most talkative."""
    del log_lines  # it captures the lines of the other tests; here they have to be written
    stream = io.StringIO()
    configure_logging(level="debug", json=True, stream=stream)
    return stream


@pytest.fixture
def writes(flow: Flow) -> list[None]:
    """An entry for each transaction that is begun."""
    begun: list[None] = []

    async def count() -> None:
        begun.append(None)

    cast(UnreliableDatabase, flow.context.database).before_write = count
    return begun


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.sweep
async def test_a_thousand_anonymous_calls_cost_no_transaction_and_few_lines(
    flow: Flow, written: io.StringIO, writes: list[None], addresses: tuple[int, object]
) -> None:
    queries = ("state={}&code=x", "state={}&error=access_denied", "code={}", "state=%ff{}", "state=a&state={}")
    suppressed = ANONYMOUS_LINES.suppressed_count
    for start in range(0, CALLS, 100):
        await asyncio.gather(
            *(
                flow.anybody.get(f"/oauth/callback/other?{queries[number % len(queries)].format(number)}")
                for number in range(start, start + 80)
            ),
            *(flow.anybody.get(f"/nowhere/{number}") for number in range(10)),
            *(flow.anybody.get("/api/domains") for _ in range(10)),
        )
    for _ in range(MOST_LINES):
        reader, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
        writer.write(b"\x00 nonsense\r\n\r\n")
        await reader.read()
        writer.close()
    assert writes == []
    lines = _lines(written)
    # How many are left of a minute's lines is for other tests of this process to say.
    assert len(lines) <= MOST_LINES + 5
    assert len(lines) + ANONYMOUS_LINES.suppressed_count - suppressed >= CALLS
    assert ANONYMOUS_LINES.suppressed_count - suppressed >= CALLS
    assert not [line for line in lines if "anonymous" in line]


async def test_a_flood_hides_nothing_about_callers_who_are_known(flow: Flow, written: io.StringIO) -> None:
    begun, used = await flow.begin(), await flow.consented()
    assert (await flow.callback(used)).status == 200
    for number in range(MOST_LINES):
        await flow.callback({"state": str(number), "code": "x"})
    written.truncate(0)
    written.seek(0)
    problem(await flow.owner.get("/api/domains/dom_x"), 404, "not_found")
    assert (await flow.callback({"state": begun["state"], "error": "access_denied"})).status == 400
    assert {line["event"] for line in _lines(written)} >= {"api.request", "oauth.not_connected"}


async def test_a_state_that_was_used_or_is_too_old_costs_no_transaction_either(flow: Flow, writes: list[None]) -> None:
    used = await flow.consented()
    assert (await flow.callback(used)).status == 200
    writes.clear()
    assert (await flow.callback(used)).status == 400
    assert writes == []
