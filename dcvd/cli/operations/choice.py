"""Chooses how operations are carried out: by the daemon if one listens, else on the database."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from dcvd.cli.operations.contract import Operations
from dcvd.cli.operations.local import OnCreated, open_local_operations
from dcvd.cli.operations.remote import has_listener, open_remote_operations
from dcvd.config import Config, load
from dcvd.errors import DatabaseLocked
from dcvd.kit.logs.configuration import configure_logging

_T = TypeVar("_T")


def perform(
    config: Path,
    work: Callable[[Operations], Awaitable[_T]],
    *,
    on_created: OnCreated | None = None,
    is_listening: Callable[[Path], Awaitable[bool]] = has_listener,
) -> _T:
    """Run `work` with the operations of the daemon, or else of the database. Raises DcvdError.

    If there is neither a daemon nor a database, nothing is written without `on_created`; with it the database is
    created, and `on_created` gets its path. `is_listening`: whether a daemon listens at a socket.
    """
    configure_logging(level="warning")
    loaded = load(config, os.environ, need_cloudflare=False).config

    async def run() -> _T:
        async with _open_operations(loaded, on_created, is_listening) as operations:
            return await work(operations)

    return asyncio.run(run())


@asynccontextmanager
async def _open_operations(
    config: Config, on_created: OnCreated | None, is_listening: Callable[[Path], Awaitable[bool]]
) -> AsyncIterator[Operations]:
    socket = config.server.socket
    async with AsyncExitStack() as stack:
        operations: Operations
        if await is_listening(socket):
            operations = await stack.enter_async_context(open_remote_operations(socket))
        else:
            try:
                operations = await stack.enter_async_context(open_local_operations(config, on_created))
            except DatabaseLocked:
                if not await is_listening(socket):
                    raise
                # The holder of the lock was a daemon that was starting.
                operations = await stack.enter_async_context(open_remote_operations(socket))
        yield operations
