"""A copy of the database before its schema is brought up to date: what to go back to without the new dcvd."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import structlog

from dcvd.errors import DatabaseUnusable, DiskFull, StoreError
from dcvd.kit.new_file import hold_draft, sync_to_disk
from dcvd.kit.paths import follow_links
from dcvd.store.engine.failures import is_full
from dcvd.store.engine.file_state import find_damage
from dcvd.store.engine.files import adopt_owner, upgrade_copy_path
from dcvd.store.engine.migrate import load_migrations, refuse_unusable

log = structlog.get_logger(__name__)

_KEPT: Final = 2
_PAGES_PER_STEP: Final = 4096
_SPARE: Final = 1.05
"""The migrations themselves need some space too."""


def copy_before_upgrade(connection: sqlite3.Connection, database: Path) -> Path | None:
    """Copy a database whose schema is not the newest to a file beside it, which is checked; None where it is.

    The connection is the writer's, in autocommit mode. Raises DiskFull where the copy would not fit, DatabaseUnusable
    for a damaged file, and StoreError.
    """
    version = refuse_unusable(connection).version
    if version in (0, len(load_migrations())):
        return None
    resolved = follow_links(database)
    copy = upgrade_copy_path(resolved, version)
    _require_space(connection, resolved, version)
    try:
        with hold_draft(resolved.parent) as draft:
            _copy(connection, draft, database)
            adopt_owner(draft)
            sync_to_disk(draft)
            draft.replace(copy)  # one of the same version is of an earlier start
        sync_to_disk(resolved.parent)
    except OSError as error:
        raise StoreError(f"The copy {copy} before the upgrade cannot be written: {error.strerror}.") from error
    except sqlite3.OperationalError as error:
        if is_full(error):
            raise _full_error(resolved, version, "the disk became full meanwhile") from error
        raise
    log.info("store.copied_before_upgrade", copy=str(copy), schema=version)
    return copy


def remove_old_copies(database: Path) -> None:
    """Remove all but the newest copies that were made before upgrades; for after one that went well."""
    resolved = follow_links(database)
    pattern = re.compile(re.escape(resolved.name) + r"\.schema-(\d{4})")
    versions = sorted(int(match[1]) for path in resolved.parent.iterdir() if (match := pattern.fullmatch(path.name)))
    for version in versions[:-_KEPT]:
        upgrade_copy_path(resolved, version).unlink(missing_ok=True)


def _require_space(connection: sqlite3.Connection, resolved: Path, version: int) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    needed, free = pages * page_bytes * _SPARE, shutil.disk_usage(resolved.parent).free
    if free < needed:
        raise _full_error(
            resolved, version, f"that takes {needed / (1 << 20):.0f} MiB, and {free / (1 << 20):.0f} MiB are free"
        )


def _full_error(resolved: Path, version: int, reason: str) -> DiskFull:
    return DiskFull(
        f"The database {resolved} has schema version {version}. Before it is brought up to {len(load_migrations())} it "
        f"is copied to {resolved.parent}: {reason}. Nothing was changed. Free some space there; or make a copy "
        "elsewhere by `dcvd backup`, and start once with database.upgrade_copy = false."
    )


def _copy(connection: sqlite3.Connection, draft: Path, database: Path) -> None:
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        for pragma in ("journal_mode = OFF", "synchronous = OFF"):
            copy.execute(f"PRAGMA {pragma}")
        connection.backup(copy, pages=_PAGES_PER_STEP)
        if (damage := find_damage(copy)) is not None:
            raise DatabaseUnusable(
                f"The database {database} is damaged ({damage}): it was not brought up to date. Restore a backup."
            )
