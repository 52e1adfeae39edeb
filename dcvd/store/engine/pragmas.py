"""Set up the connections to the database."""

import sqlite3
from typing import Final

from dcvd.errors import DatabaseUnusable
from dcvd.store.engine.file_state import find_damage
from dcvd.store.engine.maintenance import BUSY_TIMEOUT_MS

_INCREMENTAL: Final = 2
"""What SQLite answers for `auto_vacuum = INCREMENTAL`."""


def prepare_writer(connection: sqlite3.Connection) -> None:
    """Set up the writer's connection, before anything else is done on it. Raises DatabaseUnusable without a WAL."""
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    if connection.execute("PRAGMA auto_vacuum").fetchone() != (_INCREMENTAL,):
        # Has an effect only before the first page is written; a file that exists keeps its mode. Where it is set
        # already, SQLite would write it once more, and nobody could tell from the file when it was changed last.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    for pragma in (
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
        answer = connection.execute(f"PRAGMA {pragma}").fetchone()
        if pragma == "journal_mode = WAL" and answer != ("wal",):
            raise DatabaseUnusable(
                f"SQLite cannot keep a write-ahead log here (its journal mode stays {answer[0]}), and dcvd needs one: "
                "set database.path to a local disk."
            )


def leave_checkpoints(connection: sqlite3.Connection) -> None:
    """Have the writer's connection leave the log to another program, which moves it into the file."""
    connection.execute("PRAGMA wal_autocheckpoint = 0")


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
    if (damage := find_damage(connection)) is not None:
        raise DatabaseUnusable(f"The database is damaged ({damage}). Restore it from a backup; do not go on with it.")
