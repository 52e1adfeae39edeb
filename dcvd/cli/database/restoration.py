"""Restore a backup in a database's place, under the lock that a running daemon holds."""

import asyncio
import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

from msgspec import Struct

from dcvd.config import Config, Live
from dcvd.core.callers import Caller, CallerKind
from dcvd.core.instants import to_seconds
from dcvd.core.tokens.token import Role
from dcvd.errors import ConfigError, StoreError
from dcvd.kit.clock import ConfirmingClock, SystemClock
from dcvd.kit.lockfile import LockFile
from dcvd.services import restores
from dcvd.services.context import Context
from dcvd.services.vault.missing_keys import delete_expired_authorizations, find_missing_keys
from dcvd.store import domains
from dcvd.store.backups.source import copy_backup, read_newest_epoch
from dcvd.store.engine.database import Database
from dcvd.store.engine.files import IN_USE_NOTE, adopt_owner, lock_path
from dcvd.store.engine.opening.replacement import commit_replacement, draft_path, finish_replacement, remove_draft
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.organizations import organizations

_MOST_DOMAINS: Final = 10**9


class RestoredBackup(Struct, frozen=True, kw_only=True):
    """What was restored, as which version of the schema, and where the database is kept that was there before."""

    file: Path
    schema: int
    kept_file: Path | None
    epoch: int
    organizations: int
    domains: int


async def restore_backup(
    config: Config,
    file: Path,
    *,
    needs_keys: bool = True,
    from_environment: Collection[str] = (),
    clock: ConfirmingClock | None = None,
) -> RestoredBackup:
    """Put a copy of a backup in the database's place, brought up to date, in a new epoch of events' numbers.

    Nothing of the database that is there changes before the copy is whole: that one is kept under another name. Raises
    DatabaseLocked while a daemon runs, DatabaseUnusable for a file that is no backup for this dcvd, ConfigError where a
    key is missing that its secrets need, and StoreError. needs_keys: whether such a key has to be given here too.
    `from_environment` names the variables that won over the TOML.
    """
    clock = clock or SystemClock()
    path = config.database.path
    lock = lock_path(path)
    if not lock.parent.is_dir():
        raise StoreError(f"The directory {lock.parent} of the database is not there: create it first.")
    with await LockFile.acquire(lock, timeout_s=to_seconds(config.database.lock_wait)) as held:
        adopt_owner(lock)
        try:
            finish_replacement(path)
            remove_draft(path)
            replaced_epoch = await asyncio.to_thread(read_newest_epoch, path)
            try:
                schema = await asyncio.to_thread(copy_backup, file, draft_path(path), replaced=path)
                database = await Database.open(draft_path(path), readers=1)
                try:
                    operator = Caller(kind=CallerKind.OPERATOR, role=Role.OWNER, id=str(os.getuid()))
                    context = Context(database, Live(config), clock=clock, caller=operator)
                    if needs_keys:
                        await _require_keys(context, from_environment)
                    epoch = await restores.begin_epoch(context, replaced_epoch=replaced_epoch, backup=file.name)
                    organization_count, domain_count = await database.read(_count_contents)
                finally:
                    await database.close()
                adopt_owner(draft_path(path))
            except BaseException:
                remove_draft(path)
                raise
            commit_replacement(path, clock.now())
            kept_file = finish_replacement(path)
            held.note(IN_USE_NOTE)
        except OSError as error:
            raise StoreError(f"{file} cannot be restored to {path}: {error.strerror}.") from error
    return RestoredBackup(
        file=file,
        schema=schema,
        kept_file=kept_file,
        epoch=epoch,
        organizations=organization_count,
        domains=domain_count,
    )


async def _require_keys(context: Context, from_environment: Collection[str]) -> None:
    await delete_expired_authorizations(context.database, context.now())
    problems = await context.database.read(
        lambda snapshot: find_missing_keys(snapshot, context.config, from_environment)
    )
    if problems:
        raise ConfigError(problems)


def _count_contents(snapshot: Snapshot) -> tuple[int, int]:
    found = organizations.list_all(snapshot)
    return len(found), sum(domains.count_of_org(snapshot, each.id, _MOST_DOMAINS) for each in found)
