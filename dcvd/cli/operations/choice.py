"""Chooses how operations are carried out: by the daemon if one listens, else on the database."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TextIO, TypeVar

from dcvd.cli.operations.api_client import find_patience, has_listener
from dcvd.cli.operations.operations import Operations, open_operations
from dcvd.config import LoadedConfig, load
from dcvd.errors import DatabaseLocked, StoreError
from dcvd.kit.imports import import_whole
from dcvd.kit.logs.configuration import configure_logging

OnCreated = Callable[[Path], None]
"""A callback that gets the path of a database that was just created."""
_T = TypeVar("_T")


def perform(
    config: Path,
    work: Callable[[Operations], Awaitable[_T]],
    *,
    on_created: OnCreated | None = None,
    is_listening: Callable[[Path], Awaitable[bool]] = has_listener,
    log: TextIO | None = None,
) -> _T:
    """Run `work` with the operations of the daemon, or else of the database. Raises DcvdError.

    If there is neither a daemon nor a database, nothing is written without `on_created`; with it the database is
    created, and `on_created` gets its path. `is_listening`: whether a daemon listens at a socket. `log`: where warnings
    go, which else stand on standard error.
    """
    configure_logging(level="warning", stream=log)
    loaded = load(config, os.environ, need_cloudflare=False)

    async def run() -> _T:
        async with _open_operations(loaded, on_created, is_listening) as operations:
            return await work(operations)

    return asyncio.run(run())


def perform_at_daemon(config: Path, work: Callable[[Operations], Awaitable[_T]]) -> _T:
    """Run `work` with the operations of the daemon, which alone can do it. Raises DcvdError, also where none runs."""
    configure_logging(level="warning")
    socket = load(config, os.environ, need_cloudflare=False).config.server.socket

    async def run() -> _T:
        await require_listener(socket)
        async with open_daemon_operations(socket) as operations:
            return await work(operations)

    return asyncio.run(run())


def ask_daemon(socket: Path, work: Callable[[Operations], Awaitable[_T]]) -> _T | None:
    """Run `work` with the operations of the daemon; None where none listens at the socket. Raises DcvdError."""
    configure_logging(level="warning")

    async def run() -> _T | None:
        if not await has_listener(socket):
            return None
        async with open_daemon_operations(socket) as operations:
            return await work(operations)

    return asyncio.run(run())


async def require_listener(socket: Path) -> None:
    """Raise StoreError where no daemon listens, and what `has_listener` raises."""
    if not await has_listener(socket):
        raise StoreError(
            f"No daemon listens at {socket}, and this needs one: start dcvd, and run it again.", code="daemon_needed"
        )


def open_daemon_operations(socket: Path) -> AbstractAsyncContextManager[Operations]:
    """Open a session with the daemon that listens at a socket."""
    return open_operations(str(socket), f"The daemon at {socket}", find_patience())


@asynccontextmanager
async def _open_operations(
    loaded: LoadedConfig, on_created: OnCreated | None, is_listening: Callable[[Path], Awaitable[bool]]
) -> AsyncIterator[Operations]:
    socket = loaded.config.server.socket
    async with AsyncExitStack() as stack:
        if await is_listening(socket):
            operations = await stack.enter_async_context(open_daemon_operations(socket))
        else:
            try:
                operations = await stack.enter_async_context(_open_own_operations(loaded, on_created))
            except DatabaseLocked:
                if not await is_listening(socket):
                    raise
                # The holder of the lock was a daemon that was starting.
                operations = await stack.enter_async_context(open_daemon_operations(socket))
        yield operations


def _open_own_operations(loaded: LoadedConfig, on_created: OnCreated | None) -> AbstractAsyncContextManager[Operations]:
    # Whoever finds a daemon does not wait for a web framework to be imported.
    own_server = import_whole("dcvd.cli.operations.own_server")
    operations: AbstractAsyncContextManager[Operations] = own_server.open_own_operations(loaded, on_created)
    return operations
