"""Requests that last while their client is connected, and that nobody expects to have a body."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from dcvd.http.bodies.body import ClientGone
from dcvd.http.bodies.presence import run_while_connected, stream_while_connected


class Body:
    """Hands out pieces of a body, and then the client's end."""

    def __init__(self, pieces: int) -> None:
        self._pieces = pieces
        self.taken = 0

    async def receive(self) -> Any:
        await asyncio.sleep(0)
        if self.taken == self._pieces:
            return {"type": "http.disconnect"}
        self.taken += 1
        return {"type": "http.request", "body": b"x" * 16_384, "more_body": True}


async def test_work_ends_when_its_client_leaves_behind_a_small_body() -> None:
    with pytest.raises(ClientGone):
        await run_while_connected(Body(2).receive, asyncio.sleep(60))


async def test_of_a_large_body_that_nobody_reads_most_is_left_with_the_client() -> None:
    body = Body(1000)
    assert await run_while_connected(body.receive, asyncio.sleep(0.05, "done")) == "done"
    assert 0 < body.taken < 10


class Pieces:
    """Yields two pieces, and would yield a third one after a minute; knows whether it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    async def list(self) -> AsyncGenerator[int, None]:
        try:
            yield 1
            yield 2
            await asyncio.sleep(60)
            yield 3
        finally:
            self.is_closed = True


async def test_a_stream_ends_when_its_client_leaves_and_not_with_the_next_piece() -> None:
    pieces, leaves = Pieces(), asyncio.Event()

    async def receive() -> Any:
        await leaves.wait()
        return {"type": "http.disconnect"}

    stream = stream_while_connected(receive, pieces.list())
    assert [await anext(stream), await anext(stream)] == [1, 2]
    leaves.set()
    async with asyncio.timeout(10):
        with pytest.raises(ClientGone):
            await anext(stream)
    assert pieces.is_closed


async def test_what_a_stream_is_made_of_is_closed_with_it() -> None:
    pieces = Pieces()

    async def receive() -> Any:
        await asyncio.get_running_loop().create_future()

    stream = stream_while_connected(receive, pieces.list())
    assert await anext(stream) == 1
    await stream.aclose()
    assert pieces.is_closed


async def test_a_stream_ends_with_what_it_is_made_of() -> None:
    async def list_few() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    async def receive() -> Any:
        await asyncio.get_running_loop().create_future()

    assert [piece async for piece in stream_while_connected(receive, list_few())] == [1, 2]
