"""How the connections to the database are set up."""

import sqlite3

from dcvd.errors import DatabaseUnusable
from dcvd.store.engine.maintenance import BUSY_TIMEOUT_MS


def prepare_writer(connection: sqlite3.Connection) -> None:
    """Before anything else is done on the writer's connection."""
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        # Before the first page is written, or it has no effect; a file that exists keeps what it has.
        "auto_vacuum = INCREMENTAL",
        "journal_mode = WAL",
        # NORMAL would lose acknowledged commits when the power fails.
        "synchronous = FULL",
        "foreign_keys = ON",
        "journal_size_limit = 67108864",
        # Pages that many deliveries touch are then copied to the database once in many commits, not in each few.
        "wal_autocheckpoint = 16000",
        "cache_size = -16384",
        # What was deleted or replaced is overwritten, whatever SQLite was built with: it may have been a secret.
        "secure_delete = ON",
        "trusted_schema = OFF",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def prepare_reader(connection: sqlite3.Connection) -> None:
    """Before anything else is done on a reader's connection."""
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
    """Raises DatabaseUnusable for a damaged file."""
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != ("ok",):
        raise DatabaseUnusable(
            f"The database is damaged ({verdict[0]}). Restore it from a backup; do not go on with it."
        )
