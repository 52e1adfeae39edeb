"""What dcvd has to know of the SQLite that it runs with."""

import sqlite3
from typing import Final

_WITHOUT_WAL_RESET_BUG: Final = (3, 51, 3)


def has_wal_reset_bug() -> bool:
    """Whether two processes that write and checkpoint a file at once can corrupt it."""
    return sqlite3.sqlite_version_info < _WITHOUT_WAL_RESET_BUG
