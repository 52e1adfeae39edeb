"""Runs a server on a loop and a thread of its own, for what is tested in loops or processes of their own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from threading import Event, Thread
from typing import TypeVar

_S = TypeVar("_S")
_DEADLINE_S = 30


@contextmanager
def running_apart(open_server: Callable[[], AbstractAsyncContextManager[_S]]) -> Iterator[_S]:
    """Run a server until the block ends."""
    found: list[_S] = []
    started, stopping = Event(), Event()

    async def serve() -> None:
        async with open_server() as server:
            found.append(server)
            started.set()
            await asyncio.to_thread(stopping.wait)

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(_DEADLINE_S)
        yield found[0]
    finally:
        stopping.set()
        thread.join()
