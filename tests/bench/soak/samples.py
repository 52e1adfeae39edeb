"""What a daemon holds at a moment: memory, descriptors, threads, files, rows."""

import os
import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

_MIB: Final = 1 << 20
_KIB: Final = 1 << 10


class Sample(Struct, frozen=True, kw_only=True):
    """A moment, in seconds since the soak began. Sizes are in MiB.

    data: what the pages of the database hold, in the file and in the write-ahead log together.
    life: how many times the daemon had been started.
    """

    at_s: float
    life: int
    rss: float
    descriptors: int
    threads: int
    file: float
    wal: float
    data: float
    rows: Mapping[str, int]


def take_sample(database: Path, pid: int, *, at_s: float, life: int) -> Sample | None:
    """None while there is no such process, or no database."""
    process = Path(f"/proc/{pid}")
    try:
        status = (process / "status").read_text()
        rss = re.search(r"(?m)^VmRSS:\s+(\d+) kB$", status)
        threads = re.search(r"(?m)^Threads:\s+(\d+)$", status)
        descriptors = len(os.listdir(process / "fd"))
        data, rows = _read_database(database)
    except (OSError, sqlite3.Error):
        return None
    if rss is None or threads is None:
        return None
    return Sample(
        at_s=at_s,
        life=life,
        rss=int(rss[1]) * _KIB / _MIB,
        descriptors=descriptors,
        threads=int(threads[1]),
        file=_size(database),
        wal=_size(database.with_name(f"{database.name}-wal")),
        data=data,
        rows=rows,
    )


def _size(path: Path) -> float:
    try:
        return path.stat().st_size / _MIB
    except FileNotFoundError:
        return 0.0


def _read_database(path: Path) -> tuple[float, dict[str, int]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    try:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
        tables = connection.execute("PRAGMA table_list").fetchall()
        names = [name for _, name, kind, *_ in tables if kind == "table" and not name.startswith("sqlite_")]
        rows = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
    finally:
        connection.close()
    return pages * page_size / _MIB, rows
