"""Maintain the file: checkpoints and shrinking."""

import sqlite3
from typing import Final

BUSY_TIMEOUT_MS: Final = 5000
"""Milliseconds that a connection waits for another's lock."""


def checkpoint(connection: sqlite3.Connection, *, wait_ms: int = 0) -> bool:
    """Move the write-ahead log into the database and truncate it; False when a reader was in the way for `wait_ms`.

    It is truncated because SQLite would read its frames again after a crash, also those that have been moved: one that
    was damaged meanwhile would have the earlier frames replace pages that are newer.
    """
    # The writer's thread stands still meanwhile, and a backup reads for long.
    connection.execute(f"PRAGMA busy_timeout = {wait_ms:d}")
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS:d}")
    return not busy


def count_free_pages(connection: sqlite3.Connection) -> int:
    """Count the file's pages that hold nothing."""
    (pages,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(pages)


def shrink(connection: sqlite3.Connection, pages: int) -> None:
    """Give up to `pages` free pages back to the file system."""
    # execute() would stop after the first page; executescript() runs the statement to its end.
    connection.executescript(f"PRAGMA incremental_vacuum({pages:d});")
