"""Databases whose write-ahead log a crash has left behind, and what SQLite makes of them."""

import shutil
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

_INDEX_FRAMES: Final = struct.Struct("=I")
_INDEX_FRAMES_AT: Final = 16
"""Where the index of a log has the number of its last valid frame (SQLite's "WAL-mode File Format", section 2.1)."""


def leave_log(path: Path, transactions: Sequence[int], *, page_size: int = 4096, restart_after: int = -1) -> None:
    """Make a database, with a log of transactions of so many rows each, as a process leaves it that is killed.

    restart_after: the number of the transaction after which the log begins anew, over its old frames.
    """
    made = path.with_name(f"{path.name}.made")
    with closing(sqlite3.connect(made, isolation_level=None)) as connection:
        for pragma in (f"page_size = {page_size}", "journal_mode = WAL", "synchronous = OFF", "wal_autocheckpoint = 0"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY, text TEXT)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        for number, rows in enumerate(transactions):
            connection.execute("BEGIN")
            for row in range(rows):
                connection.execute(
                    "INSERT INTO numbers VALUES (?, ?)", (number * 1000 + row, f"{number} {row} " + "x" * 300)
                )
            connection.execute("COMMIT")
            if number == restart_after:
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{made}{suffix}", f"{path}{suffix}")


def recover(path: Path) -> tuple[int, list[int] | None]:
    """How many frames SQLite recovers, and the transactions whose rows are there then.

    None for a file that does not fit together: where a log is damaged whose pages have all been moved into the file,
    recovery puts earlier ones before later ones.
    """
    numbers: list[tuple[int]] | None
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        try:
            numbers = connection.execute("SELECT DISTINCT number / 1000 FROM numbers ORDER BY 1").fetchall()
        except sqlite3.DatabaseError:
            numbers = None
        # From the index that SQLite has made by now: no statement runs in a file that does not fit together.
        (frames,) = _INDEX_FRAMES.unpack_from(Path(f"{path}-shm").read_bytes(), _INDEX_FRAMES_AT)
        return frames, None if numbers is None else [number for (number,) in numbers]


def flip(path: Path, offset: int, mask: int = 0xFF) -> None:
    """Change bits of a byte of a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        (value,) = file.read(1)
        file.seek(offset)
        file.write(bytes([value ^ mask]))


def list_frames(path: Path, page_size: int) -> Iterator[int]:
    """The places of the frames in a log."""
    return iter(range(32, path.stat().st_size, 24 + page_size))
