"""The HTTP server against clients that send many requests at once: what is held of them, and who has to wait."""

import asyncio
import gc
import socket
import time
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from dcvd.kit.http.server.http_limits import HttpLimits
from dcvd.kit.http.server.input_flow import READ_BYTES
from dcvd.kit.http.server.sockets import bind_tcp
from tests.kit.http.peer import GET, Client, Echo, answer, connected, serving

_ATTACK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 80_000
_PATIENT = HttpLimits(head_timeout_s=20, body_timeout_s=20, write_timeout_s=20, keep_alive_s=20)
_IMPATIENT = HttpLimits(head_timeout_s=0.2, body_timeout_s=0.2, body_total_s=0.6)


class Waiter:
    """Answers only when it is released; it listens for the client's end meanwhile, as a long poll does."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.release = asyncio.Event()
        self.starts = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.starts += 1
        await receive()
        listening = asyncio.create_task(receive())
        self.entered.set()
        await self.release.wait()
        listening.cancel()
        await answer(send, 200, b"{}")


class Late(Echo):
    """Asks for a body when it is told to, and keeps the loop busy just before: every deadline is due at that moment."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.entered.set()
        await self.release.wait()
        time.sleep(2 * _IMPATIENT.body_timeout_s)  # noqa: ASYNC251  # on purpose
        await super().__call__(scope, receive, send)

    async def asks_after(self, delay_s: float) -> None:
        await self.entered.wait()
        await asyncio.sleep(delay_s)
        self.release.set()


def requests_held() -> int:
    gc.collect()  # what an earlier test left would be counted at first, and be gone at the second count
    return sum(isinstance(item, RequestResponseCycle) for item in gc.get_objects())


async def turns_of_the_loop(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def unsent(client: Client) -> int:
    """What the client could not send, once that changes no more."""
    size = -1
    while size != (size := client.writer.transport.get_write_buffer_size()):
        await asyncio.sleep(0.05)
    return size


async def test_behind_a_request_that_runs_fewer_than_16_wait_and_the_rest_stays_with_the_client() -> None:
    app, before = Waiter(), requests_held()
    async with serving(app, limits=_PATIENT) as (_, [address]), connected(address) as client:
        client.writer.write(_ATTACK * 8)
        await app.entered.wait()
        assert await unsent(client) > 0
        assert 1 < requests_held() - before <= 16
        assert app.starts == 1
        app.release.set()
        assert (await client.head()).startswith("HTTP/1.1 200 ")


async def test_no_further_request_is_started_for_a_client_that_reads_no_answers() -> None:
    starts = 0

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        nonlocal starts
        starts += 1
        await answer(send, 200, b"x" * 100_000)

    listener = bind_tcp("127.0.0.1:0")
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    async with serving(app, listener, limits=_PATIENT) as (_, [address]):
        with socket.socket() as silent:
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            silent.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(silent, address)
            await loop.sock_sendall(silent, GET * 200)
            async with connected(address) as other:
                for _ in range(20):
                    await other.send(GET)
                    await other.head()
                    await other.reader.readexactly(100_000)
                    starts -= 1
            assert 0 < starts < 5


async def test_a_client_that_goes_on_reading_is_answered_where_it_stopped() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await answer(send, 200, scope["path"].encode() + b"x" * 100_000)

    many = 100
    async with serving(app, limits=_PATIENT) as (_, [address]), connected(address) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a read transport too
        await client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(many)))
        await asyncio.sleep(0.1)
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        for number in range(many):
            head = await client.head()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            body = await client.reader.readexactly(length)
            assert body.rstrip(b"x") == b"/%d" % number


async def test_others_have_their_turn_between_the_pieces_of_one_clients_input() -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with serving(Echo(), limits=_PATIENT) as (_, [address]), connected(address) as client:
        counting = asyncio.create_task(count_turns())
        body = b"1\r\nb\r\n" * 300_000 + b"0\r\n\r\n"
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        before = turns
        await client.send(body)
        assert (await client.response())[1]["body"] == 300_000
        counting.cancel()
    assert turns - before >= len(body) // READ_BYTES


async def test_a_body_behind_a_request_that_runs_is_not_late() -> None:
    app = Late()
    async with serving(app, limits=_IMPATIENT) as (_, [address]), connected(address) as client:
        body = b"b" * 100_000
        next_head = b"POST /next HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        await client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + next_head)
        await client.send(body[:-1])
        await app.asks_after(2 * _IMPATIENT.body_total_s)
        assert (await client.response())[1]["path"] == "/slow"
        await client.send(body[-1:])
        assert (await client.response())[1]["body"] == len(body)


async def test_a_body_that_was_only_just_asked_for_is_not_late() -> None:
    app = Late()
    async with serving(app, limits=_IMPATIENT) as (_, [address]), connected(address) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        await app.asks_after(2 * _IMPATIENT.body_total_s)
        assert (await client.head()).startswith("HTTP/1.1 100 ")
        await client.send(b"ok")
        assert (await client.response())[1]["body"] == 2


async def test_of_the_requests_that_waited_behind_others_only_a_few_start_in_one_turn() -> None:
    starts = Counter[int]()
    turn = 0

    async def count_turns() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] == "/behind":
            starts[turn] += 1
        await answer(send, 200, b"{}")

    async with serving(app, limits=_PATIENT) as (_, [address]), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(address)) for _ in range(40)]
        counting = asyncio.create_task(count_turns())
        for client in clients:
            client.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + b"GET /behind HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        for client in clients:
            for _ in range(21):
                assert (await client.response())[0].startswith("HTTP/1.1 200 ")
        counting.cancel()
    assert sum(starts.values()) == 40 * 20
    assert max(starts.values()) <= 8
