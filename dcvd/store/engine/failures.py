"""What a failure of SQLite is to those who use the database."""

import sqlite3
from pathlib import Path

from dcvd.errors import DatabaseUnusable, DiskFull, StoreError


def store_error(error: BaseException) -> StoreError:
    """Return what to raise for a statement or a commit that failed."""
    if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        return DiskFull("The disk is full: nothing was stored. Free some space; dcvd goes on by itself then.")
    return StoreError(f"The database failed: {error}. Nothing of this change was stored.")


def opening_error(path: Path, error: OSError | sqlite3.Error) -> StoreError:
    """Return what to raise for a file that cannot be opened; DatabaseUnusable where trying again is no use."""
    sentence = f"The database {path} cannot be opened: {error}."
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DatabaseUnusable(f"{sentence} Restore it from a backup; do not go on with it.")
    return StoreError(sentence)
