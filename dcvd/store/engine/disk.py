"""What the database takes of its disk, and what is left there."""

import shutil
from pathlib import Path

from msgspec import Struct

from dcvd.store.engine.opening.log_check import log_path


class DatabaseSize(Struct, frozen=True):
    """The bytes of the file and of its write-ahead log."""

    file_bytes: int
    log_bytes: int

    @property
    def total_bytes(self) -> int:
        return self.file_bytes + self.log_bytes


def measure_free_bytes(path: Path) -> int:
    """Measure what is free for dcvd on the file system of a file. Raises OSError."""
    return shutil.disk_usage(path.parent).free


def measure_database(path: Path) -> DatabaseSize | None:
    """Measure a database; None where it cannot be found."""
    try:
        return DatabaseSize(path.stat().st_size, measure_log(path) or 0)
    except OSError:
        return None


def measure_log(path: Path) -> int | None:
    """Measure the write-ahead log of a database, in bytes: 0 where there is none, None where that cannot be known."""
    try:
        return log_path(path).stat().st_size
    except FileNotFoundError:
        return 0
    except OSError:
        return None


def find_last_write(path: Path) -> int | None:
    """Find when something was last written to a database, in milliseconds; None where that is not known.

    To open one writes nothing.
    """
    instants = []
    for each in (path, log_path(path)):
        try:
            status = each.stat()
        except OSError:
            continue
        # A log that is empty was only made, by whoever opened the database.
        if status.st_size:
            instants.append(status.st_mtime_ns // 1_000_000)
    return max(instants, default=None)
