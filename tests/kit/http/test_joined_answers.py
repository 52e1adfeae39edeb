"""Head and body of an answer leave in one piece, and a head whose body takes its time leaves at once."""

import asyncio
import gc
from typing import Any

import pytest

from dcvd.kit.http.server.joined_answers import JoinedAnswer
from dcvd.kit.http.server.protocol import GuardedHttpProtocol
from tests.kit.http.peer import GET, connected, serving


class Pieces:
    """What an answer is written to; it keeps each piece."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def pieces() -> Pieces:
    return Pieces()


@pytest.fixture
async def joined(pieces: Pieces) -> JoinedAnswer:
    return JoinedAnswer(pieces, asyncio.get_running_loop())


async def test_what_follows_in_the_same_turn_leaves_with_the_head(pieces: Pieces, joined: JoinedAnswer) -> None:
    joined.write(b"head ")
    assert pieces.written == []
    joined.write(b"body ")
    joined.write(b"more")
    assert pieces.written == [b"head body ", b"more"]
    await asyncio.sleep(0)
    assert pieces.written == [b"head body ", b"more"]


async def test_a_head_alone_leaves_at_the_end_of_the_turn(pieces: Pieces, joined: JoinedAnswer) -> None:
    joined.write(b"head")
    await asyncio.sleep(0)
    assert pieces.written == [b"head"]
    joined.write(b"body")
    assert pieces.written == [b"head", b"body"]


async def test_a_large_body_is_not_copied(pieces: Pieces, joined: JoinedAnswer) -> None:
    body = b"x" * 100_000
    joined.write(b"head")
    joined.write(body)
    assert pieces.written[0] == b"head"
    assert pieces.written[1] is body


async def test_a_head_leaves_before_the_end_of_its_connection(pieces: Pieces, joined: JoinedAnswer) -> None:
    joined.write(b"head")
    joined.close()
    assert (pieces.written, joined.is_closing()) == ([b"head"], True)


async def test_a_head_is_dropped_where_its_connection_has_ended_meanwhile(pieces: Pieces, joined: JoinedAnswer) -> None:
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, failure: failures.append(failure))
    joined.write(b"head")
    pieces.close()
    await asyncio.sleep(0)
    assert (pieces.written, failures) == ([], [])


def find_protocol() -> GuardedHttpProtocol:
    """The one connection that is open."""
    open_ones = [
        item for item in gc.get_objects() if isinstance(item, GuardedHttpProtocol) and not item.transport.is_closing()
    ]
    (protocol,) = open_ones
    return protocol


async def test_the_refusal_of_what_comes_next_does_not_overtake_the_answer_to_a_head() -> None:
    async def answer_head(_: Any, __: Any, send: Any) -> None:
        asyncio.get_running_loop().call_soon(find_protocol().parse, b"no request\r\n\r\n")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"7")]})
        await send({"type": "http.response.body", "body": b""})

    async with serving(answer_head) as (_, (address,)), connected(address) as client:
        await client.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.head()).startswith("HTTP/1.1 200 ")
        assert (await client.rest()).startswith(b"HTTP/1.1 400 ")


async def test_the_refusal_of_a_body_does_not_overtake_what_asked_for_it() -> None:
    async def read_body(_: Any, receive: Any, __: Any) -> None:
        asyncio.get_running_loop().call_soon(find_protocol().parse, b"no size\r\n")
        assert (await receive())["type"] == "http.disconnect"

    async with serving(read_body) as (_, (address,)), connected(address) as client:
        fields = b"Host: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
        await client.send(b"POST / HTTP/1.1\r\n" + fields)
        assert await client.head() == "HTTP/1.1 100 Continue\r\n\r\n"
        assert (await client.rest()).startswith(b"HTTP/1.1 400 ")


async def test_a_stream_is_open_for_its_reader_before_anything_comes() -> None:
    release = asyncio.Event()

    async def stream(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-stream", b"yes")]})
        await release.wait()
        await send({"type": "http.response.body", "body": b"late"})

    async with serving(stream) as (_, (address,)), connected(address) as client:
        await client.send(GET)
        assert "x-stream: yes" in await client.head()
        release.set()
        assert b"late" in await client.rest()
