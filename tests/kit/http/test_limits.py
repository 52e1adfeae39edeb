"""The HTTP server against clients that stall, drip and overflow, and against those that only look like it."""

import asyncio
import json
import time
from contextlib import suppress

import pytest

from dcvd.kit.http.server.http_limits import HttpLimits
from tests.kit.http.peer import GET, TALK, Client, Echo, connected, serving


async def test_a_silent_connection_is_closed() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        began = time.monotonic()
        assert await client.rest() == b""
        assert 0.15 < time.monotonic() - began < 10


async def test_a_head_that_drips_in_is_cut_at_its_deadline_with_408() -> None:
    app = Echo()
    async with serving(app) as (_, [address]), connected(address) as client:

        async def drip() -> None:
            for byte in b"GET / HTTP/1.1\r\nX-Slow: " + b"y" * 3000:
                await client.send(bytes([byte]))
                await asyncio.sleep(0.01)

        began = time.monotonic()
        dripping = asyncio.create_task(drip())
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < 10
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        assert not app.entered.is_set()


async def test_blank_lines_do_not_keep_a_connection_open() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        await client.send(GET)
        await client.response()
        began = time.monotonic()
        closed = asyncio.create_task(client.rest())
        while not closed.done() and time.monotonic() - began < 20:
            client.writer.write(b"\r\n")
            await asyncio.sleep(0.02)
        assert await closed == b""
        assert time.monotonic() - began < 10


async def test_the_head_deadline_holds_for_the_second_request_too() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        await client.send(GET)
        await client.response()
        await client.send(b"GET / HT")
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


async def test_an_idle_connection_lives_for_its_keep_alive_and_no_longer() -> None:
    limits = HttpLimits(head_timeout_s=0.1, keep_alive_s=0.5)
    async with serving(Echo(), limits=limits) as (_, [address]), connected(address) as client:
        await client.send(GET)
        await client.response()
        await asyncio.sleep(0.2)  # beyond the head deadline, which must not count here
        await client.send(GET)
        await client.response()
        began = time.monotonic()
        assert await client.rest() == b""
        assert 0.4 < time.monotonic() - began < 10


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + b"y" * 10_485_760 + b"\r\n\r\n",
        b"GET /" + b"y" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(1000)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + b"y" * 4097 + b"\r\n\r\n",
    ],
    ids=["ten mebibytes", "long target", "many headers", "one byte too many"],
)
async def test_a_head_beyond_the_limit_is_answered_431_and_the_connection_closed(head: bytes) -> None:
    app = Echo()
    async with serving(app) as (_, [address]), connected(address) as client:
        sending = asyncio.create_task(client.send(head))
        answered = await client.rest()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    assert answered.startswith(b"HTTP/1.1 431 ")
    assert b"content-type: application/problem+json" in answered
    assert b"x-content-type-options: nosniff" in answered
    assert json.loads(answered.partition(b"\r\n\r\n")[2])["code"] == "head_too_large"
    assert not app.entered.is_set()


async def test_a_head_that_never_ends_is_refused_as_soon_as_it_is_too_large() -> None:
    limits = HttpLimits(head_timeout_s=30, head_bytes=4096)
    async with serving(Echo(), limits=limits) as (_, [address]), connected(address) as client:
        await client.send(b"GET / HTTP/1.1\r\nX-Endless: ")
        for _ in range(10):
            await client.send(b"y" * 1000)
            await asyncio.sleep(0.005)
        assert (await client.rest()).startswith(b"HTTP/1.1 431 ")


async def test_a_head_within_the_limit_passes_also_behind_a_large_body_in_the_same_piece() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        post = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + b"b" * 60_000
        second = b"GET /b HTTP/1.1\r\nHost: x\r\nX-Fits: " + b"y" * 3900 + b"\r\n\r\n"
        await client.send(post + second[:20])
        assert (await client.response())[1]["body"] == 60_000
        await client.send(second[20:])
        assert (await client.response())[1]["path"] == "/b"


async def test_a_bad_request_behind_a_good_one_does_not_cost_the_good_one_its_answer() -> None:
    app = Echo()
    async with serving(app) as (_, [address]), connected(address) as client:
        await client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await app.entered.wait()
        await client.send(b"GET /too HTTP/1.1\r\nX-Big: " + b"y" * 5000 + b"\r\n\r\n")
        await asyncio.sleep(0.05)
        app.release.set()
        head, seen = await client.response()
        assert head.startswith("HTTP/1.1 200 ")
        assert seen["path"] == "/slow"
        assert await client.rest() == b""


async def test_a_body_that_stalls_is_answered_408_and_the_application_told() -> None:
    app = Echo()
    async with serving(app) as (_, [address]), connected(address) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this")
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")
        assert app.disconnects == 1


async def test_a_body_that_keeps_coming_may_take_longer_than_the_idle_deadline() -> None:
    limits = HttpLimits(body_timeout_s=1.0)
    async with serving(Echo(), limits=limits) as (_, [address]), connected(address) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            await asyncio.sleep(0.15)
            await client.send(b"b")
        assert (await client.response())[1]["body"] == 8


async def test_a_slow_application_is_not_mistaken_for_a_slow_client() -> None:
    app = Echo()
    async with serving(app) as (_, [address]), connected(address) as client:
        await client.send(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n")
        sending = asyncio.create_task(client.send(b"b" * 300_000))
        await asyncio.sleep(0.5)
        app.release.set()
        assert (await client.response())[1]["body"] == 300_000
        await sending


async def test_an_answer_before_the_end_of_the_body_is_not_followed_by_a_408() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        await client.send(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this")
        assert (await client.response())[0].startswith("HTTP/1.1 200 ")
        assert await client.rest() == b""


async def test_a_client_that_waits_for_100_continue_gets_it() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert (await client.head()).startswith("HTTP/1.1 100 ")
        await client.send(b"ab")
        assert (await client.response())[1]["body"] == 2


async def test_a_client_that_never_reads_its_answer_is_cut() -> None:
    app = Echo()
    async with serving(app) as (_, [address]), connected(address) as client:
        await client.send(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a read transport too
        async with asyncio.timeout(10):
            while not app.disconnects:
                await asyncio.sleep(0.02)


async def test_what_is_no_http_is_answered_400_as_a_problem() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        await client.send(b"\x16\x03\x01 hello\r\n\r\n")
        answered = await client.rest()
        assert answered.startswith(b"HTTP/1.1 400 ")
        assert json.loads(answered.partition(b"\r\n\r\n")[2])["code"] == "malformed_request"


async def _drip(client: Client, piece: bytes) -> None:
    with suppress(ConnectionError):
        while True:
            await client.send(piece)
            await asyncio.sleep(0.02)


async def test_a_body_that_goes_on_after_its_answer_does_not_hold_the_connection() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        await client.send(b"POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        dripping = asyncio.create_task(_drip(client, b"1\r\nb\r\n"))
        assert (await client.response())[0].startswith("HTTP/1.1 200 ")
        assert await client.rest() == b""
        dripping.cancel()
        await asyncio.wait([dripping])


async def test_a_body_of_one_byte_at_a_time_ends_at_the_deadline_of_the_whole() -> None:
    app = Echo()
    limits = HttpLimits(body_timeout_s=1.0, body_total_s=0.4)
    async with serving(app, limits=limits) as (_, [address]), connected(address) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        dripping = asyncio.create_task(_drip(client, b"b"))
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")
        dripping.cancel()
        await asyncio.wait([dripping])
        assert app.disconnects == 1


async def test_many_pipelined_requests_in_large_pieces_are_all_answered() -> None:
    many = 3000
    async with serving(Echo(), limits=HttpLimits(head_bytes=2048)) as (_, [address]), connected(address) as client:
        request = b"GET / HTTP/1.1\r\nHost: x\r\nX-Fill: " + b"y" * 50 + b"\r\n\r\n"
        whole = request * (many - 1) + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        sending = asyncio.create_task(client.send(whole))
        answers = await client.rest()
        await sending
    assert answers.count(b"HTTP/1.1 200 ") == many


async def test_a_body_that_ends_behind_its_answer_leaves_no_connection_without_a_deadline() -> None:
    limits = HttpLimits(head_timeout_s=0.2, keep_alive_s=50)
    async with serving(Echo(), limits=limits) as (_, [address]), connected(address) as client:
        await client.send(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
        await client.response()
        await client.send(b"dy")
        began = time.monotonic()
        assert await client.rest() == b""
        assert time.monotonic() - began < 10


async def test_an_application_can_allow_a_body_more_time_as_long_as_it_moves() -> None:
    limits = HttpLimits(body_timeout_s=1.0, body_total_s=0.2, long_body_total_s=10.0)
    async with serving(Echo(), limits=limits) as (_, [address]):
        async with connected(address) as client:
            await client.send(b"POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
            for _ in range(5):
                await asyncio.sleep(0.1)
                await client.send(b"b")
            assert (await client.response())[1]["body"] == 5
        async with connected(address) as client:
            await client.send(b"POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nb")
            assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


async def test_a_client_that_still_sends_its_body_need_not_read_its_answer() -> None:
    limits = HttpLimits(write_timeout_s=2.0, body_timeout_s=5.0, keep_alive_s=0.1)
    async with serving(Echo(), limits=limits) as (_, [address]), connected(address) as client:
        await client.send(b"POST /talk HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n")
        for _ in range(12):
            await asyncio.sleep(0.2)
            await client.send(b"b")
        assert len(await client.rest()) > TALK


async def test_a_client_that_neither_sends_nor_reads_is_cut_in_the_middle_of_both() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        await client.send(b"POST /talk HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nb")
        await asyncio.sleep(0.8)
        assert len(await client.rest()) < TALK
