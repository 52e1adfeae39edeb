"""Read a backup that is to be restored, and what the database that it replaces still tells."""

import os
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Final

from dcvd.errors import DatabaseUnusable, StoreError
from dcvd.kit.paths import follow_links
from dcvd.store import epochs
from dcvd.store.engine.failures import is_damage
from dcvd.store.engine.file_state import find_damage, read_identity
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.maintenance import BUSY_TIMEOUT_MS
from dcvd.store.engine.migrate import load_migrations
from dcvd.store.engine.transactions import Snapshot

_PAGES_PER_STEP: Final = 4096


def copy_backup(file: Path, draft: Path, *, replaced: Path) -> int:
    """Copy a backup to a new file, private to its owner, check the copy, and return the version of its schema.

    `replaced` is the database that it is for. Raises DatabaseUnusable for a file that is no whole database of this dcvd
    or an earlier one, and StoreError for one that cannot be read or copied; the caller removes the copy then.
    """
    try:
        if replaced.exists() and os.path.samefile(file, replaced):
            raise StoreError(f"{file} is the database itself: name the backup.")
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with _open_backup(file) as source, closing(sqlite3.connect(draft, isolation_level=None)) as copy:
            source.execute("BEGIN")
            version = _check_version(source, file)
            for pragma in ("journal_mode = MEMORY", "synchronous = OFF"):
                copy.execute(f"PRAGMA {pragma}")
            source.backup(copy, pages=_PAGES_PER_STEP)
            if (damage := find_damage(copy, is_thorough=True)) is not None:
                raise DatabaseUnusable(f"The backup {file} is damaged ({damage}): restore another one.")
            return version
    except OSError as error:
        raise StoreError(f"The backup {file} cannot be copied to {draft}: {error.strerror}.") from error
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise DatabaseUnusable(f"{file} is no backup of dcvd, or a damaged one: {error}.") from error
        raise StoreError(f"The backup {file} cannot be copied to {draft}: {error}.") from error


def read_newest_epoch(database: Path) -> int:
    """Read the newest epoch of a database that is replaced; 0 where there is none, or where it cannot be read."""
    if not database.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{follow_links(database).as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS:d}")
            return epochs.read_last(Snapshot(connection))
    except (OSError, sqlite3.Error):
        return 0


def find_former_owners(database: Path, cf_ids: Collection[str]) -> dict[str, str]:
    """Find in another database, such as one that was replaced, which organization had a hostname, by id of that.

    Raises StoreError where it cannot be read.
    """
    try:
        with _open_backup(database) as connection:
            rows = connection.execute(
                "SELECT d.cf_id, d.org_id FROM json_each(?) few JOIN domains d ON d.cf_id = few.value",
                (encode_list(cf_ids),),
            ).fetchall()
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"The earlier database {database} cannot be read: {error}.") from error
    return dict(rows)


def _open_backup(file: Path) -> closing[sqlite3.Connection]:
    # A copy without a log may lie on a medium that nobody can write to, where SQLite cannot make its lock file.
    has_log = file.with_name(f"{file.name}-wal").exists()
    uri = f"{Path(os.path.realpath(file, strict=True)).as_uri()}?mode=ro{'' if has_log else '&immutable=1'}"
    return closing(sqlite3.connect(uri, uri=True, isolation_level=None))


def _check_version(source: sqlite3.Connection, file: Path) -> int:
    identity = read_identity(source)
    if not identity.is_ours:
        raise DatabaseUnusable(f"{file} is no backup of dcvd: it belongs to another program, or is empty.")
    newest = len(load_migrations())
    if identity.version > newest:
        raise DatabaseUnusable(
            f"The backup {file} has schema version {identity.version}, but this dcvd knows {newest} at most: restore "
            "it with the dcvd that made it or a newer one, or restore a backup from before the upgrade."
        )
    return identity.version
