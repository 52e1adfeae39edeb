"""Back up the database while the daemon goes on writing to it."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct

from dcvd.errors import StoreError
from dcvd.kit.new_file import create_file, sync_to_disk
from dcvd.store.engine.file_state import find_damage, read_identity
from dcvd.store.engine.files import adopt_owner
from dcvd.store.engine.read_only import resolve_database
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.vault import vault_keys
from dcvd.store.vault.vault_keys import VaultKeyRecord

_PAGES_PER_STEP: Final = 256
"""Pages copied at a time: a mebibyte."""
_STEP_PAUSE_S: Final = 0.001
"""Seconds between two steps, in which the daemon has the disk to itself."""
_STEPS_PER_SYNC: Final = 16
"""Steps after which the copy is synced, so that the last sync is short and no commit has to wait for it."""


class Backup(Struct, frozen=True, kw_only=True):
    """A copy that was made and checked: its size, the version of its schema, and the keys that its secrets need."""

    file: Path
    bytes: int
    schema: int
    keys: list[VaultKeyRecord]


def back_up(database: Path, file: Path, *, sleep: Callable[[float], object] = time.sleep) -> Backup:
    """Copy the database to a new file, private to its owner, and check the copy; `sleep` is called between steps.

    The copy is the state of one instant. The source is only read: its writer is never held up, but its write-ahead log
    grows meanwhile. Raises StoreError; then there is no file.
    """
    source = resolve_database(database, missing=": there is nothing to back up")
    try:
        with create_file(file) as draft:
            _copy(source, draft, sleep)
            keys, schema = _check_copy(draft, database)
            adopt_owner(draft)
        return Backup(file=file, bytes=file.stat().st_size, schema=schema, keys=keys)
    except FileExistsError as error:
        raise StoreError(f"{file} is already there, and a backup replaces nothing: name another file.") from error
    except OSError as error:
        raise StoreError(f"The backup {file} cannot be written: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise StoreError(f"The database {database} cannot be copied to {file}: {error}.") from error


def _copy(source: Path, draft: Path, sleep: Callable[[float], object]) -> None:
    # A connection that can write checkpoints when it is the last to close, perhaps while a daemon is starting.
    with _connect(f"{source.as_uri()}?mode=ro") as reader, _connect(draft.as_uri()) as writer:
        # Without one transaction around all steps, SQLite would begin anew after each commit of the daemon.
        reader.execute("BEGIN")
        _check_application_id(reader, source)
        writer.execute("PRAGMA journal_mode = OFF")
        writer.execute("PRAGMA synchronous = OFF")
        steps = 0

        def pause(_status: int, _remaining: int, _total: int) -> None:
            nonlocal steps
            steps += 1
            if steps % _STEPS_PER_SYNC == 0:
                sync_to_disk(draft)
            sleep(_STEP_PAUSE_S)

        reader.backup(writer, pages=_PAGES_PER_STEP, progress=pause)
        reader.execute("COMMIT")


def _check_copy(draft: Path, database: Path) -> tuple[list[VaultKeyRecord], int]:
    # immutable: nobody else uses the copy, and SQLite makes no log beside it.
    with _connect(f"{draft.as_uri()}?mode=ro&immutable=1") as copy:
        if (damage := find_damage(copy)) is not None:
            raise StoreError(
                f"The database {database} is damaged ({damage}): no backup was kept. Restore an older one."
            )
        schema = read_identity(copy).version
        has_vault_keys = copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'vault_keys'").fetchone()
        return (vault_keys.list_all(Snapshot(copy)) if has_vault_keys else []), schema


def _check_application_id(connection: sqlite3.Connection, source: Path) -> None:
    if not read_identity(connection).is_ours:
        raise StoreError(f"{source} is not a database of dcvd: check database.path.")


def _connect(uri: str) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(uri, uri=True, isolation_level=None))
