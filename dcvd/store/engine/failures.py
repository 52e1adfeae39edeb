"""What a failure of SQLite is to those who use the database."""

import errno
import os
import sqlite3
from pathlib import Path
from typing import Final

from dcvd.errors import DatabaseUnusable, DiskFull, StoreError

_LEAST_FREE_BYTES: Final = 65536
"""With less than this, SQLite can make no write-ahead log with its index, and calls that an I/O error."""
_OF_DISK: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT)


def is_damage(error: BaseException) -> bool:
    """Whether SQLite found that the file is damaged, or no database."""
    return _find_primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_refusal_of_disk(error: BaseException) -> bool:
    """Whether SQLite could not write, and not what was to be written was wrong."""
    return _find_primary_code(error) in _OF_DISK


def is_full(error: BaseException) -> bool:
    """Whether SQLite found no room on the disk, and called it that."""
    return _find_primary_code(error) == sqlite3.SQLITE_FULL


def store_error(error: BaseException) -> StoreError:
    """Return what to raise for a statement or a commit that failed."""
    if is_full(error):
        return disk_full_error()
    if is_damage(error):
        return DatabaseUnusable(f"The database is damaged ({error}). Restore it from a backup; do not go on with it.")
    return StoreError(f"The database failed: {error}. Nothing of this change was stored.")


def disk_full_error() -> DiskFull:
    """Build what to raise where nothing can be stored for want of space."""
    return DiskFull("The disk is full: nothing was stored. Free some space; dcvd goes on by itself then.")


def opening_error(path: Path, error: OSError | sqlite3.Error) -> StoreError:
    """Return what to raise for a file that cannot be opened; DatabaseUnusable where trying again is no use."""
    if is_for_want_of_space(path, error):
        return DiskFull(f"The disk is full: the database {path} cannot be opened. Free some space, and dcvd starts.")
    reason = error.strerror if isinstance(error, OSError) else error
    sentence = f"The database {path} cannot be opened: {reason}."
    if isinstance(error, PermissionError):
        return DatabaseUnusable(f"{sentence} Give it to the user that dcvd runs as, with its directory.")
    if is_damage(error):
        return DatabaseUnusable(f"{sentence} Restore it from a backup; do not go on with it.")
    return StoreError(sentence)


def is_for_want_of_space(path: Path, error: BaseException) -> bool:
    """Whether the disk below the database is full, which SQLite often calls an I/O error."""
    if isinstance(error, OSError):
        return error.errno in _NO_SPACE
    code = _find_primary_code(error)
    if code not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return code == sqlite3.SQLITE_FULL
    try:
        status = os.statvfs(path.parent)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < _LEAST_FREE_BYTES


def _find_primary_code(error: BaseException) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF if isinstance(error, sqlite3.Error) else 0
