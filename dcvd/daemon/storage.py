"""Open what the daemon stores: the lock, the database, the vault, and so the context."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

import structlog

from dcvd.config import Config, Live, LoadedConfig
from dcvd.core.instants import to_seconds
from dcvd.daemon.vault import open_vault
from dcvd.kit.clock import ConfirmingClock
from dcvd.kit.lockfile import LockFile
from dcvd.services.context import Context
from dcvd.services.webhooks import secret_rotation
from dcvd.store.engine.database import Database
from dcvd.store.engine.files import IN_USE_NOTE, adopt_owner, find_database, lock_path
from dcvd.store.engine.opening.replacement import finish_replacement, is_committed
from dcvd.store.engine.sqlite_version import has_wal_reset_bug

log = structlog.get_logger(__name__)

TeardownStep = Callable[[], Awaitable[None] | None]


async def open_storage(
    live_config: Live[Config],
    loaded: LoadedConfig,
    clock: ConfirmingClock,
    teardown_steps: list[TeardownStep],
) -> tuple[Database, Context]:
    """Open the database and the vault, and put right what an earlier process left behind. Raises DcvdError.

    What has to be closed again is appended to `teardown_steps` as soon as it is open.
    """
    config = live_config.value
    path = config.database.path
    if path.is_symlink() and not is_committed(path):
        find_database(path)  # which says so if the link leads nowhere; the lock file is where it leads
    lock = await LockFile.acquire(lock_path(path), timeout_s=to_seconds(config.database.lock_wait))
    teardown_steps.append(lock.release)
    adopt_owner(lock.path)
    await asyncio.to_thread(finish_replacement, path)
    if config.database.litestream and has_wal_reset_bug():
        log.warning(
            "daemon.sqlite_too_old_for_litestream",
            sqlite=sqlite3.sqlite_version,
            advice="two processes that write and checkpoint at once can corrupt the file with SQLite before 3.51.3",
        )
    database = await Database.open(
        path,
        readers=config.database.readers,
        check=True,
        upgrade_copy=config.database.upgrade_copy,
        checkpoints=not config.database.litestream,
    )
    teardown_steps.append(database.close)
    lock.note(IN_USE_NOTE)
    context = Context(database, live_config, clock=clock)
    vault = await open_vault(context, from_environment=loaded.from_environment)
    context = Context(database, live_config, vault=vault, clock=clock)
    await secret_rotation.seal_plaintext_secrets(context)
    return database, context
