"""Work that is worth doing only while its client is connected."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, Final, TypeVar

from litestar.types import HTTPReceiveMessage, Receive

from dcvd.http.bodies.body import ClientGone

T = TypeVar("T")

_MOST_DROPPED_BYTES: Final = 65_536
_END: Final[Any] = object()


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
    """Yield the pieces while the client is connected. Raises ClientGone once it has left, however long a piece takes.

    Only for requests whose body nobody reads: this drops it, and notices no client's end behind a large one.
    """
    disconnect_task = asyncio.create_task(_wait_for_disconnect(receive), name="api.client_left")
    try:
        async with aclosing(pieces):
            while (piece := await _take_piece(pieces, disconnect_task)) is not _END:
                yield piece
    finally:
        disconnect_task.cancel()
        await asyncio.wait((disconnect_task,))


async def _take_piece(pieces: AsyncGenerator[T, None], disconnect_task: asyncio.Task[None]) -> T:
    """Return the next piece, or `_END`. Raises ClientGone when the client leaves first, and gives the piece up then."""
    piece_task = asyncio.create_task(_take_next(pieces), name="api.piece")
    try:
        await asyncio.wait((piece_task, disconnect_task), return_when=asyncio.FIRST_COMPLETED)
        if disconnect_task.done():
            raise ClientGone
        return piece_task.result()
    finally:
        piece_task.cancel()
        await asyncio.wait((piece_task,))


async def _take_next(pieces: AsyncGenerator[T, None]) -> T:
    return await anext(pieces, _END)


async def _wait_for_disconnect(receive: Receive) -> None:
    dropped_bytes = 0
    while dropped_bytes <= _MOST_DROPPED_BYTES:
        message: HTTPReceiveMessage = await receive()  # type: ignore[assignment]  # no other kind comes
        if message["type"] != "http.request":
            return
        dropped_bytes += len(message["body"])
    await asyncio.get_running_loop().create_future()
