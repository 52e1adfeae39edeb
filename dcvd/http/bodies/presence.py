"""Work that is worth doing only while its client is connected."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, Final, TypeVar

from litestar.types import HTTPReceiveMessage, Receive

from dcvd.http.bodies.body import ClientGone

T = TypeVar("T")

_MOST_DROPPED_BYTES: Final = 65_536


async def run_while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Run the work and return its result. Raises ClientGone when the client leaves first, and cancels the work then.

    Only for requests whose body nobody reads: this drops it, and notices no client's end behind a large one.
    """
    work_task = asyncio.create_task(work, name="api.work")
    disconnect_task = asyncio.create_task(_wait_for_disconnect(receive), name="api.client_left")
    try:
        await asyncio.wait((work_task, disconnect_task), return_when=asyncio.FIRST_COMPLETED)
        if work_task.done():
            return work_task.result()
        raise ClientGone
    finally:
        work_task.cancel()
        disconnect_task.cancel()
        await asyncio.wait((work_task, disconnect_task))


async def stream_while_connected(receive: Receive, pieces: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield the pieces while the client is connected. Raises ClientGone in place of the next piece once it has left.

    Only for requests whose body nobody reads: this drops it, and notices no client's end behind a large one.
    """
    disconnect_task = asyncio.create_task(_wait_for_disconnect(receive), name="api.client_left")
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if disconnect_task.done():
                    raise ClientGone
                yield piece
    finally:
        disconnect_task.cancel()
        await asyncio.wait((disconnect_task,))


async def _wait_for_disconnect(receive: Receive) -> None:
    dropped_bytes = 0
    while dropped_bytes <= _MOST_DROPPED_BYTES:
        message: HTTPReceiveMessage = await receive()  # type: ignore[assignment]  # no other kind comes
        if message["type"] != "http.request":
            return
        dropped_bytes += len(message["body"])
    await asyncio.get_running_loop().create_future()
