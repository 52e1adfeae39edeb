"""Set up the connections to the database."""

import sqlite3

from dcvd.errors import DatabaseUnusable
from dcvd.store.engine.maintenance import BUSY_TIMEOUT_MS


def prepare_writer(connection: sqlite3.Connection) -> None:
    """Set up the writer's connection, before anything else is done on it."""
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        # Has an effect only before the first page is written; a file that exists keeps its mode.
        "auto_vacuum = INCREMENTAL",
        "journal_mode = WAL",
        # NORMAL would lose acknowledged commits when the power fails.
        "synchronous = FULL",
        "foreign_keys = ON",
        "journal_size_limit = 67108864",
        # Pages that many deliveries change are then copied to the database once in many commits, not in every few.
        "wal_autocheckpoint = 16000",
        "cache_size = -16384",
        # Deleted and replaced values are overwritten, whatever SQLite was built with: they may have been secrets.
        "secure_delete = ON",
        "trusted_schema = OFF",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def prepare_reader(connection: sqlite3.Connection) -> None:
    """Set up a reader's connection, before anything else is done on it."""
    # A reader neither writes nor checkpoints: two connections that do so at once can corrupt the file with
    # SQLite 3.7.0 to 3.51.2 (the WAL-reset bug), which is what stable distributions ship.
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "query_only = ON",
        "trusted_schema = OFF",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def quick_check(connection: sqlite3.Connection) -> None:
    """Raise DatabaseUnusable for a damaged file."""
    result = connection.execute("PRAGMA quick_check(1)").fetchone()
    if result != ("ok",):
        raise DatabaseUnusable(
            f"The database is damaged ({result[0]}). Restore it from a backup; do not go on with it."
        )
