"""Work that is worth doing only while the client is there."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from litestar.types import Receive

from dcvd.api.http.body import ClientGone

T = TypeVar("T")


async def run_while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """What the work gives. Raises ClientGone when the client leaves before, and then the work is cancelled.

    Only for requests whose body nobody reads: what comes of one is dropped.
    """
    working = asyncio.create_task(work, name="api.work")
    leaving = asyncio.create_task(_wait_for_disconnect(receive), name="api.client_left")
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientGone
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait((working, leaving))


async def stream_while_connected(receive: Receive, pieces: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The pieces, as long as the client is there. Raises ClientGone in place of the next one when it has left.

    Only for requests whose body nobody reads, likewise.
    """
    leaving = asyncio.create_task(_wait_for_disconnect(receive), name="api.client_left")
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if leaving.done():
                    raise ClientGone
                yield piece
    finally:
        leaving.cancel()
        await asyncio.wait((leaving,))


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
