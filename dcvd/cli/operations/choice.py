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


def perform(config: Path, work: Callable[[Operations], Awaitable[_T]], *, on_created: OnCreated | None = None) -> _T:
    """Run `work` with the operations of the daemon, or else of the database. Raises DcvdError.

    If there is neither a daemon nor a database, nothing is written without `on_created`; with it the database is
    created, and `on_created` gets its path.
    """
    configure_logging(level="warning")
    return asyncio.run(_perform(load(config, os.environ, need_cloudflare=False).config, work, on_created))


async def _perform(config: Config, work: Callable[[Operations], Awaitable[_T]], on_created: OnCreated | None) -> _T:
    async with _open_operations(config, on_created) as operations:
        return await work(operations)


@asynccontextmanager
async def _open_operations(config: Config, on_created: OnCreated | None) -> AsyncIterator[Operations]:
    socket = config.server.socket
    async with AsyncExitStack() as stack:
        operations: Operations
        if await has_listener(socket):
            operations = await stack.enter_async_context(open_remote_operations(socket))
        else:
            try:
                operations = await stack.enter_async_context(open_local_operations(config, on_created))
            except DatabaseLocked:
                if not await has_listener(socket):
                    raise
                # The holder of the lock was a daemon that was starting.
                operations = await stack.enter_async_context(open_remote_operations(socket))
        yield operations
