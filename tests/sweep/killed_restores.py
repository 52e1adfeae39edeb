"""Restores a backup in copies of a place, in processes that are killed before one of their changes to files.

Run as `python -m tests.sweep.killed_restores PLACE DIRECTORY STRIDE`: PLACE holds dcvd.db and backup.db. Each copy is
left as DIRECTORY/<point>. Where the next start had something to finish, it was killed too, before its second change.
"""

import asyncio
import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from dcvd.cli.database.restoration import restore_backup
from dcvd.config import Config
from dcvd.config.sections import DatabaseConfig
from dcvd.store.engine.opening.replacement import finish_replacement

_CHANGES: Final = {"os.rename", "os.remove", "os.link", "os.chmod", "os.chown", "sqlite3.connect", "os.truncate"}


def kill_at_every_point(place: Path, directory: Path, *, stride: int) -> list[Path]:
    """Kill restores at each `stride`th point; return the places that they left, in the order of their points."""
    directory.mkdir()
    subprocess.run(
        [sys.executable, "-m", __name__, str(place), str(directory), str(stride)],
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return sorted(directory.iterdir(), key=lambda path: int(path.name))


def _run_killed(work: Callable[[], object], point: int) -> bool:
    """Run it in a process that is killed before its change of this number; return whether it came to its end."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    left = itertools.count(1)

    def watch(event: str, _arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES and next(left) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    try:
        work()
    except BaseException as error:  # noqa: BLE001  # the child has nobody else to tell
        print(repr(error), file=sys.stderr)
        os._exit(3)
    os._exit(0)


def main(place: Path, directory: Path, stride: int) -> None:
    for point in itertools.count(1, stride):
        copy = directory / str(point)
        shutil.copytree(place, copy)
        config = Config(database=DatabaseConfig(path=copy / "dcvd.db"))
        ended = _run_killed(lambda: asyncio.run(restore_backup(config, copy / "backup.db")), point)  # noqa: B023
        if ended:
            return
        _run_killed(lambda: finish_replacement(copy / "dcvd.db"), 2)  # noqa: B023


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
