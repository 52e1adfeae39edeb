"""The HTTP server against bodies that nobody wants: what is held of them, what is read, and who gets an answer."""

import asyncio
import gc
import socket
from contextlib import AsyncExitStack
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from dcvd.kit.http.server.connections import ConnectionLimits
from dcvd.kit.http.server.http_limits import HttpLimits
from dcvd.kit.http.server.input_flow import READ_BYTES
from dcvd.kit.http.server.sockets import bind_tcp
from tests.kit.http.peer import GET, Address, Client, Echo, answer, connected, serving
from tests.waiting import until

_PATIENT = HttpLimits(head_timeout_s=20, body_timeout_s=20, keep_alive_s=20, linger_s=20)
_MEBIBYTE = b" " * (1 << 20)
_SIZED = b"Content-Length: 1048576\r\n\r\n" + _MEBIBYTE
_CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n" + (b"400\r\n" + b" " * 1024 + b"\r\n") * 1024 + b"0\r\n\r\n"
_POST = b"POST /early HTTP/1.1\r\nHost: x\r\n"


def bytes_held() -> int:
    return sum(len(item.body) for item in gc.get_objects() if isinstance(item, RequestResponseCycle))


async def send_and_then_read(address: Address, request: bytes) -> bytes:
    """As a simple client does, which looks for no answer before it has sent everything."""
    async with connected(address) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a read transport too
        await client.send(request)
        await until_sent(client)
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        return await client.rest()


async def send_for_ever(client: Client) -> None:
    while True:
        await client.send(b"b" * 100)
        await asyncio.sleep(0.01)


async def until_sent(client: Client) -> None:
    async def is_sent() -> bool:
        return not client.writer.transport.get_write_buffer_size()

    await until(is_sent, seconds=20)


@pytest.mark.parametrize("rest", [_SIZED, _CHUNKED], ids=["sized", "chunked"])
async def test_little_of_a_body_is_held_before_the_application_asks_for_it(rest: bytes) -> None:
    app = Echo()
    async with serving(app, limits=_PATIENT) as (_, [address]), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(address)) for _ in range(8)]
        before = bytes_held()
        for client in clients:
            client.writer.write(b"POST /slow HTTP/1.1\r\nHost: x\r\n" + rest)
        await app.entered.wait()
        await asyncio.sleep(0.1)
        assert 0 < bytes_held() - before <= 8 * 2 * READ_BYTES
        app.release.set()
        for client in clients:
            assert (await client.response())[1]["body"] == len(_MEBIBYTE)


@pytest.mark.parametrize("rest", [_SIZED, _CHUNKED], ids=["sized", "chunked"])
@pytest.mark.parametrize("head", [_POST, b"POST /early HTTP/1.0\r\n", _POST + b"Connection: close\r\n"])
async def test_an_answer_that_comes_before_a_large_body_reaches_who_reads_it_only_after_sending(
    head: bytes, rest: bytes
) -> None:
    async with serving(Echo(), limits=_PATIENT) as (_, [address]):
        for received in await asyncio.gather(*(send_and_then_read(address, head + rest) for _ in range(5))):
            assert received.startswith(b"HTTP/1.1 200 ")
            assert b"\r\nconnection: close\r\n" in received
            assert received.endswith(b"}")


async def test_a_refusal_of_the_server_itself_reaches_who_reads_it_only_after_sending() -> None:
    async with serving(Echo(), limits=_PATIENT) as (_, [address]):
        request = b"GET / HTTP/1.1\r\nX-Big: " + b"y" * (1 << 20) + b"\r\n\r\n"
        assert (await send_and_then_read(address, request)).startswith(b"HTTP/1.1 431 ")


async def test_the_answer_before_a_bad_request_reaches_who_reads_it_only_after_sending() -> None:
    app = Echo()
    async with serving(app, limits=_PATIENT) as (_, [address]):
        request = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX-Big: " + b"y" * (1 << 20)
        reading = asyncio.create_task(send_and_then_read(address, request))
        await app.entered.wait()
        app.release.set()
        assert (await reading).startswith(b"HTTP/1.1 200 ")


async def test_a_small_body_behind_its_answer_leaves_the_connection_to_further_requests() -> None:
    async with serving(Echo(), limits=_PATIENT) as (_, [address]), connected(address) as client:
        await client.send(_POST + b"Content-Length: 60000\r\n\r\n")
        head, _ = await client.response()
        assert "connection: close" not in head
        await client.send(b"b" * 60_000 + GET)
        assert (await client.response())[1]["path"] == "/"


async def test_who_waits_for_100_continue_and_is_answered_otherwise_begins_anew() -> None:
    async with serving(Echo(), limits=_PATIENT) as (_, [address]), connected(address) as client:
        await client.send(_POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        head, _ = await client.response()
        assert head.startswith("HTTP/1.1 200 ")
        assert "connection: close" in head
        await client.send(GET)
        assert await client.rest() == b""


async def test_what_is_left_of_refused_bodies_is_read_slowly_however_many_there_are() -> None:
    listener = bind_tcp("127.0.0.1:0")
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    size = 16 << 20
    async with serving(Echo(), listener, limits=_PATIENT) as (_, [address]), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(address)) for _ in range(4)]
        for client in clients:
            await client.send(_POST + b"Content-Length: %d\r\n\r\n" % size)
            assert (await client.response())[0].startswith("HTTP/1.1 200 ")
            client.writer.write(bytes(size))
        await asyncio.sleep(0.3)
        unsent = sum(client.writer.transport.get_write_buffer_size() for client in clients)
        assert 4 * size - unsent < 32 << 20


async def test_a_client_that_goes_on_sending_behind_its_answer_is_cut_after_a_moment() -> None:
    limits = HttpLimits(linger_s=0.1)
    async with serving(Echo(), limits=limits) as (_, [address]), connected(address) as client:
        await client.send(_POST + b"Content-Length: 100000000\r\n\r\n")
        await client.response()
        sending = asyncio.create_task(send_for_ever(client))
        await asyncio.wait([sending], timeout=10)
        assert isinstance(sending.exception(), ConnectionError)


async def test_a_connection_that_only_lingers_gives_way_to_a_new_one() -> None:
    limits = ConnectionLimits(tcp=1)
    async with serving(Echo(), limits=_PATIENT, connections=limits) as (_, [address]), connected(address) as client:
        await client.send(_POST + b"Content-Length: 100000000\r\n\r\n")
        await client.response()
        async with connected(address) as other:
            await other.send(GET)
            assert (await other.response())[0].startswith("HTTP/1.1 200 ")


async def test_an_answer_beside_a_long_body_closes_nothing() -> None:
    async with serving(Echo(), limits=_PATIENT) as (_, [address]), connected(address) as client:
        await client.send(b"POST /long HTTP/1.1\r\nHost: x\r\n" + _CHUNKED)
        head, seen = await client.response()
        assert seen["body"] == len(_MEBIBYTE)
        assert "connection: close" not in head


async def test_however_many_connect_at_once_those_who_ask_one_after_the_other_are_served_between_them() -> None:
    running = highest = 0

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        nonlocal running, highest
        if scope["path"] == "/new":
            running += 1
            highest = max(highest, running)
            await asyncio.sleep(0.01)
            running -= 1
        await answer(send, 200, b"{}")

    async with serving(app, limits=_PATIENT) as (_, [address]), AsyncExitStack() as stack:
        regular = await stack.enter_async_context(connected(address))
        await regular.send(GET)
        await regular.response()
        clients = [await stack.enter_async_context(connected(address)) for _ in range(100)]
        for client in clients:
            client.writer.write(b"GET /new HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: asyncio.sleep(0, running > 0), seconds=10)
        await regular.send(GET)
        await regular.response()
        assert highest < 20
        for client in clients:
            assert (await client.response())[0].startswith("HTTP/1.1 200 ")


async def test_however_many_connections_one_client_opens_the_first_request_of_another_is_among_the_next() -> None:
    started = 0
    release = asyncio.Event()

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        nonlocal started
        if scope["path"] == "/new":
            started += 1
            await release.wait()
        await answer(send, 200, b"{}")

    async with serving(app, limits=_PATIENT) as (_, [address]), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(address)) for _ in range(100)]
        for client in clients:
            await client.send(b"GET /new HTTP/1.1\r\nHost: x\r\n\r\n")
        other = await stack.enter_async_context(connected(address, source="127.0.0.2"))
        await other.send(GET)
        await other.response()
        assert started < 30
        release.set()
        for client in clients:
            await client.response()


async def test_connections_whose_requests_wait_long_keep_no_other_from_its_start() -> None:
    app = Echo()
    async with serving(app, limits=_PATIENT) as (_, [address]), AsyncExitStack() as stack:
        for _ in range(30):
            client = await stack.enter_async_context(connected(address))
            await client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        other = await stack.enter_async_context(connected(address))
        await other.send(GET)
        assert (await other.response())[1]["path"] == "/"
        app.release.set()
