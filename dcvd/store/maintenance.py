"""Keeping the file in shape: checkpoints and shrinking."""

import sqlite3


def checkpoint(connection: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the database and cut it; False when a reader was in the way."""
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def shrink(connection: sqlite3.Connection, pages: int) -> None:
    """Give up to `pages` free pages back to the file system."""
    # execute() would stop after the first page; executescript() runs the statement to its end.
    connection.executescript(f"PRAGMA incremental_vacuum({pages:d});")
