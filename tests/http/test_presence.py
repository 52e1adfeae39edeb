"""Requests that last while their client is connected, and that nobody expects to have a body."""

import asyncio
from typing import Any

import pytest

from dcvd.http.bodies.body import ClientGone
from dcvd.http.bodies.presence import run_while_connected


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
