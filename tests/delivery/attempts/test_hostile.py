"""Receivers that answer something else than they should."""

import asyncio
import gzip
import time

import pytest
from aiohttp import web

from dcvd.core.webhooks.advice import word_advice, word_as_call
from dcvd.core.webhooks.statements import render_statements
from dcvd.delivery import DeliveryPool
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history
from dcvd.services.webhooks.explanations import explain
from tests.delivery.conftest import configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver, dripping, saying
from tests.delivery.views import attempted, attempts, delivered, delivery_ids, health_of, states, stored


async def _each_says(context: Context, org: str, receiver: Receiver, *statuses: int, **headers: str) -> dict[int, str]:
    """An endpoint for each status, and an event for all; the endpoints' ids."""
    endpoints = {}
    for status in statuses:
        endpoints[status], _ = await subscribe(context, org, f"{receiver.base}/{status}")
        receiver.answers[f"/{status}"] = saying(status, **headers)
    await happen(context, org)
    await attempted(context, len(statuses))
    return endpoints


@pytest.mark.usefixtures("pool")
async def test_a_redirect_is_a_failure_that_is_neither_followed_nor_turned_into_a_get(
    context: Context, org: str, receiver: Receiver
) -> None:
    endpoints = await _each_says(context, org, receiver, 301, 302, 303, 307, 308, location="/elsewhere")
    assert receiver.by_path == {"/301": 1, "/302": 1, "/303": 1, "/307": 1, "/308": 1}
    for endpoint in endpoints.values():
        (found,) = await stored(context, endpoint)
        assert (found.state, found.attempts) == ("pending", 1)
        assert found.last_error is not None
        assert "/elsewhere" in found.last_error


@pytest.mark.usefixtures("pool")
async def test_whatever_is_no_2xx_is_no_success(context: Context, org: str, receiver: Receiver) -> None:
    statuses = 300, 304, 399, 400, 401, 403, 404, 418, 499, 500, 599
    await _each_says(context, org, receiver, *statuses)
    assert await states(context) == [("pending", 1)] * len(statuses)


@pytest.mark.usefixtures("pool")
async def test_every_2xx_is_a_success(context: Context, org: str, receiver: Receiver) -> None:
    statuses = 200, 201, 202, 204, 226, 299
    await _each_says(context, org, receiver, *statuses)
    assert await states(context) == [("delivered", 1)] * len(statuses)


@pytest.mark.usefixtures("pool", "endpoint")
async def test_an_answer_whose_body_drips_ends_at_the_deadline_and_is_a_success_with_a_note(
    context: Context, org: str, receiver: Receiver
) -> None:
    configure(context, timeout=300)
    receiver.answer = dripping
    start = time.monotonic()
    await happen(context, org)
    await delivered(context, 1)
    assert time.monotonic() - start < 20
    (attempt,) = await attempts(context)
    assert (attempt.outcome, attempt.status_code) == ("delivered", 200)
    assert attempt.body_fault == "the end of its body did not come in time"


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 100\r\n\r\nshort",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
    ids=["a short body", "broken chunks", "both framings"],
)
@pytest.mark.usefixtures("pool")
async def test_a_success_with_a_body_that_is_not_whole_is_sent_once_and_explained(
    context: Context, org: str, rest: bytes
) -> None:
    async def careless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + rest)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(careless, "127.0.0.1", 0) as server:
        await subscribe(context, org, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await happen(context, org)
        await delivered(context, 1)
    assert await states(context) == [("delivered", 1)]
    (attempt,) = await attempts(context)
    assert attempt.body_fault
    (delivery_id,) = await delivery_ids(context)
    told = await explain(context, org, delivery_id, find_own_fault=lambda _: None)
    begin = f"It was delivered: 127.0.0.1 answered 200 OK ({attempt.body_fault}) in "
    assert render_statements(told.statements).startswith(begin)
    assert "The status counts" in word_advice(told.advice, word_as_call)


@pytest.mark.usefixtures("pool", "endpoint")
async def test_a_gzip_bomb_stays_packed_and_is_kept_to_its_first_kibibyte(
    context: Context, org: str, receiver: Receiver
) -> None:
    bomb = gzip.compress(bytes(50_000_000))

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    receiver.answer = answer
    await happen(context, org)
    await delivered(context, 1)
    (attempt,) = await attempts(context)
    assert attempt.response == bomb[:1024]


@pytest.mark.usefixtures("pool")
async def test_bytes_that_are_no_text_in_an_answer_are_stored_all_the_same(context: Context, org: str) -> None:
    async def hostile(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 302 \xff\r\nLocation: /\xff\xfe\r\nRetry-After: \xff\r\nContent-Length: 256\r\n\r\n"
        writer.write(head + bytes(range(256)))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(hostile, "127.0.0.1", 0) as server:
        await subscribe(context, org, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await happen(context, org)
        await attempted(context, 1)
    (found,) = await stored(context)
    assert (found.state, found.attempts) == ("pending", 1)
    assert found.last_error is not None
    found.last_error.encode()
    (attempt,) = await attempts(context)
    assert attempt.response == bytes(range(256))


async def test_a_fault_of_ours_is_an_attempt_and_not_a_storm(
    context: Context, org: str, endpoint: str, receiver: Receiver, pool: DeliveryPool
) -> None:
    await pool.close()  # too early: nothing can be sent any more
    await happen(context, org)
    await attempted(context, 1)
    (found,) = await stored(context)
    assert (found.state, found.attempts) == ("pending", 1)
    assert found.last_error is not None
    assert "start()" not in found.last_error
    assert receiver.received == []
    assert (await health_of(context, endpoint)).failures == 0


@pytest.mark.parametrize(
    ("status", "date", "kept"),
    [
        (401, "Fri, 15 Jan 2027 08:10:00 GMT", True),
        (401, "Fri, 15 Jan 2027 08:00:01 GMT", False),
        (200, "Fri, 15 Jan 2027 08:10:00 GMT", False),
    ],
    ids=["a refusal with another clock", "a refusal with our clock", "a success with another clock"],
)
@pytest.mark.usefixtures("pool", "endpoint")
async def test_the_date_of_an_answer_is_kept_only_where_it_may_explain_a_refusal(
    context: Context, org: str, receiver: Receiver, status: int, date: str, kept: bool
) -> None:
    receiver.answer = saying(status, date=date)
    await happen(context, org)
    await attempted(context, 1)
    (delivery_id,) = await delivery_ids(context)
    (recorded,) = (await delivery_history.get(context, org, delivery_id)).attempts
    assert recorded.attempt.response_headers.get("date") == (date if kept else None)
    told = await explain(context, org, delivery_id, find_own_fault=lambda _: None)
    assert ("Your clock and ours differ by 10 min: yours is ahead." in render_statements(told.statements)) is kept
