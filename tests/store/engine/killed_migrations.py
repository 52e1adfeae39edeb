"""Migrates copies of a database, each in a process that is killed at another point.

Run as `python -m tests.store.engine.killed_migrations DATABASE STRIDE DIRECTORY`: every copy is left in DIRECTORY as
`<point>.db`, with its WAL. The points are before each statement that writes, and at each write that would take the WAL
beyond a size; the sizes are STRIDE bytes apart. Such a write leaves the part of it that lies below the size.
"""

import gc
import logging
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.pragmas import prepare_writer

_FRAME_BYTES: Final = 24 + 4096
_NEVER: Final = 10**9


class _Connection(sqlite3.Connection):
    """A connection whose process is killed before one of its statements that write."""

    left = _NEVER

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        if not arguments[0].startswith("PRAGMA") or "=" in arguments[0]:
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self.left -= 1
        return super().execute(*arguments)


def kill_at_every_point(database: Path, directory: Path, *, stride_frames: float) -> list[Path]:
    """Migrate copies of a database that nobody has open; return those that a kill left, in the order of their points.

    stride_frames: how far apart the sizes of the WAL are at which it is killed, in frames of one page.
    """
    directory.mkdir()
    stride = str(round(stride_frames * _FRAME_BYTES))
    subprocess.run(
        [sys.executable, "-m", __name__, str(database), stride, str(directory)],
        check=True,
        cwd=Path(__file__).parents[3],
    )
    return sorted(directory.glob("*.db"))


def _migrate(path: Path, *, statements: int = _NEVER, file_bytes: int | None = None) -> None:
    """Migrate a file in a process that is killed before its next statement, or by a write beyond a size."""
    if file_bytes is not None:
        # Python ignores the signal that such a write brings.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    connection = sqlite3.connect(path, isolation_level=None, factory=_Connection)
    # The index of the WAL is then in memory: as a file it would be the first that the limit hits.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    prepare_writer(connection)
    # A kill takes nothing back from the system, so waiting for the disk would change nothing here.
    connection.execute("PRAGMA synchronous = OFF")
    connection.left = statements
    migrate(connection)


def _is_killed(database: Path, path: Path, work: Callable[[Path], None]) -> bool:
    """Work on a copy in a process that ends without closing it; whether it was killed, else the copy goes."""
    shutil.copyfile(database, path)
    pid = os.fork()
    if pid == 0:
        try:
            work(path)
        except BaseException:  # noqa: BLE001  # nothing of the parent's may run in the child, whatever comes
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the migration failed"
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()
    return False


def _main(database: Path, stride: int, directory: Path) -> None:
    # Tens of thousands of lines about steps would take a good part of the time.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    gc.freeze()
    statement = 0
    while _is_killed(database, directory / f"statement-{statement:04d}.db", partial(_migrate, statements=statement)):
        statement += 1
    size = 0
    while _is_killed(database, directory / f"wal-{size:08d}.db", partial(_migrate, file_bytes=size)):
        size += stride


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
