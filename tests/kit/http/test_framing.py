"""Requests whose end two parsers could see in different places: none of them reaches the application as two."""

import asyncio
from typing import Any

import pytest

from dcvd.kit.http.server.http_limits import HttpLimits
from tests.kit.http.peer import GET, answer, connected, serving

_LIMITS = HttpLimits(head_timeout_s=5, body_timeout_s=0.2, keep_alive_s=5, linger_s=0.1)
_HOST = b"Host: x\r\n"
_HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"


class Paths:
    """Reads whole bodies, and remembers which requests there were."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self.headers: set[bytes] = set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        self.headers |= {name for name, _ in scope["headers"]}
        self.seen.append((scope["path"], body))
        await answer(send, 200, b"{}")


async def send_all(app: Paths, request: bytes) -> bytes:
    async with serving(app, limits=_LIMITS) as (_, [address]), connected(address) as client:
        await client.send(request)
        client.writer.write_eof()
        async with asyncio.timeout(10):
            return await client.rest()


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: 5 5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length : 5\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"X-Folded: a\r\n b\r\nContent-Length: 5\r\n",
        b"X-Bare: a\nContent-Length: 5\r\n",
        b"X-Return: a\rContent-Length: 5\r\n",
        b"X-Null: a\0b\r\nContent-Length: 5\r\n",
    ],
)
async def test_a_head_that_can_be_read_in_two_ways_is_refused(head: bytes) -> None:
    app = Paths()
    received = await send_all(app, b"POST / HTTP/1.1\r\n" + _HOST + head + b"\r\n" + b"hello" + _HIDDEN)
    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1 ") == 1
    assert app.seen == []


@pytest.mark.parametrize(
    "chunks",
    [
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhellohello\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    ],
)
async def test_chunks_that_can_be_read_in_two_ways_are_refused(chunks: bytes) -> None:
    app = Paths()
    request = b"POST / HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + _HIDDEN
    assert (await send_all(app, request)).startswith(b"HTTP/1.1 400 ")
    assert app.seen == []


async def test_extensions_of_chunks_are_no_part_of_the_body_and_trailers_are_no_headers() -> None:
    app = Paths()
    chunks = b"5;name=value\r\nhello\r\n0\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n"
    request = b"POST / HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + GET
    assert (await send_all(app, request)).count(b"HTTP/1.1 200 ") == 2
    assert app.seen == [("/", b"hello"), ("/", b"")]
    assert app.headers == {b"host", b"transfer-encoding"}


@pytest.mark.parametrize(
    "chunks",
    [
        b"5;a=" + b"b" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0" + b"\r\nX: y" * 20_000 + b"\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=["extension", "many trailers", "long trailer"],
)
async def test_extensions_and_trailers_are_limited_as_heads_are(chunks: bytes) -> None:
    app = Paths()
    request = b"POST / HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    assert (await send_all(app, request)).startswith(b"HTTP/1.1 431 ")
    assert app.seen == []


async def test_a_client_of_http_1_0_is_answered_once_and_closed() -> None:
    app = Paths()
    received = await send_all(app, b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + _HIDDEN)
    assert received.count(b"HTTP/1.1 200 ") == 1
    assert app.seen == [("/", b"")]


async def test_what_follows_an_offered_upgrade_is_no_request() -> None:
    app = Paths()
    upgrade = b"GET / HTTP/1.1\r\n" + _HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert (await send_all(app, upgrade + _HIDDEN)).count(b"HTTP/1.1 ") == 1
    assert app.seen == [("/", b"")]
