"""The API of this very process, on the database, while no daemon runs."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from dcvd.api.app import Api
from dcvd.cli.operations.choice import OnCreated
from dcvd.cli.operations.operations import Operations, open_operations
from dcvd.config import Live, LoadedConfig
from dcvd.core.instants import to_seconds
from dcvd.daemon.parts import build_parts
from dcvd.daemon.storage import TeardownStep
from dcvd.errors import StoreError
from dcvd.kit.disciplined_clock import DisciplinedClock
from dcvd.kit.http.server.server import HttpServer
from dcvd.kit.lockfile import LockFile
from dcvd.metrics import Metrics
from dcvd.services.configuration import RunningConfiguration
from dcvd.services.context import Context
from dcvd.store.engine.database import Database
from dcvd.store.engine.files import IN_USE_NOTE, adopt_owner, find_database, lock_path
from dcvd.store.engine.opening.replacement import finish_replacement

_READERS: Final = 1
_STOP_TIMEOUT_S: Final = 5.0


@asynccontextmanager
async def open_own_operations(loaded: LoadedConfig, on_created: OnCreated | None) -> AsyncIterator[Operations]:
    """Open the database, hold its lock, and serve the API to this process alone.

    Raises DatabaseLocked naming the lock's holder, and StoreError. Without `on_created` a missing database is a
    StoreError, and nothing is written.
    """
    config = loaded.config
    path = config.database.path
    with await _acquire_lock(path, to_seconds(config.database.lock_wait), create=on_created is not None) as lock:
        finish_replacement(path)
        # Checked under the lock: a daemon that held it until now may have made the file.
        is_new = not find_database(path)
        if is_new and on_created is None:
            raise _missing_database(path)
        database = await Database.open(
            path,
            readers=_READERS,
            upgrade_copy=config.database.upgrade_copy,
            checkpoints=not config.database.litestream,
        )
        try:
            lock.note(IN_USE_NOTE)
            if is_new and on_created is not None:
                on_created(path)
            # One clock: what Cloudflare tells of the time counts for what is stored too.
            clock = DisciplinedClock()
            context = Context(database, Live(config), clock=clock)
            async with _serve(context, RunningConfiguration(loaded), clock) as operations:
                yield operations
        finally:
            await database.close()


@asynccontextmanager
async def _serve(
    context: Context, configuration: RunningConfiguration, clock: DisciplinedClock
) -> AsyncIterator[Operations]:
    """Serve the API of the database at a socket without a name in the file system, which a kill leaves no trace of.

    Whoever finds the socket has no right there: it knows its callers by their user, as the daemon's does.
    """
    teardown_steps: list[TeardownStep] = []
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_tear_down, teardown_steps)
        parts = await build_parts(context, configuration, clock, Metrics(), teardown_steps)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind("")  # unix(7): the kernel chooses an abstract name
        listener.setblocking(False)
        server = HttpServer(Api(parts.services), sockets=[listener], name="own_api")
        serving = asyncio.create_task(server.serve(), name="cli.own_api")
        stack.push_async_callback(_stop, server, serving)
        await server.listening_event.wait()
        operations = await stack.enter_async_context(open_operations(listener.getsockname().decode(), "dcvd"))
        yield operations


async def _stop(server: HttpServer, serving: asyncio.Task[None]) -> None:
    await server.stop(timeout_s=_STOP_TIMEOUT_S)
    await serving


async def _tear_down(steps: list[TeardownStep]) -> None:
    async with AsyncExitStack() as stack:
        for step in steps:
            stack.push_async_callback(_close, step)


async def _close(step: TeardownStep) -> None:
    pending = step()
    if pending is not None:
        await pending


async def _acquire_lock(database: Path, wait_s: float, *, create: bool) -> LockFile:
    try:
        path = lock_path(database)
        if not path.parent.is_dir():
            raise StoreError(
                f"The directory {path.parent} of the database is not there: create it for the user that dcvd runs as, "
                "or change database.path."
            )
        existed = _exists(path)
        if not (existed or create or _exists(database)):
            raise _missing_database(database)
        lock = await LockFile.acquire(path, timeout_s=wait_s)
    except PermissionError as error:
        raise _forbidden_database(database) from error
    except StoreError as error:
        if isinstance(error.__cause__, PermissionError):
            raise _forbidden_database(database) from error
        raise
    if not existed:
        adopt_owner(path)
    return lock


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise
    return True


def _missing_database(database: Path) -> StoreError:
    return StoreError(
        f"There is no database at {database} yet: start the daemon, or create an organization by dcvd org create NAME."
    )


def _forbidden_database(database: Path) -> StoreError:
    return StoreError(
        f"No daemon listens, and you may not use its database {database}: run this with sudo, or as the user that dcvd "
        "runs as."
    )
