"""A directory of backups that are named by their time, of which the newest are kept."""

import re
from pathlib import Path
from typing import Final

from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.errors import StoreError

_NAME: Final = re.compile(r"dcvd-\d{8}T\d{6}Z\.db")


def choose_file(directory: Path, now: int) -> Path:
    """Return the name of a backup that is made now. Raises StoreError where there is no such directory."""
    if not directory.is_dir():
        raise StoreError(f"There is no directory {directory} for backups: create it, private to its owner.")
    stamp = re.sub(r"[-:]", "", to_rfc3339(now - now % SECOND))
    return directory / f"dcvd-{stamp}.db"


def remove_old(directory: Path, keep: int, made: Path) -> list[Path]:
    """Remove all but the `keep` newest backups up to the one that was made now, and return those. Raises StoreError.

    Files with other names are nobody's backups, and stay. So do those whose names lie in the future, which a wrong
    clock gave them: to count them would remove each new one instead.
    """
    found = sorted(path for path in directory.iterdir() if _NAME.fullmatch(path.name) and path.is_file())
    old = [path for path in found if path.name <= made.name][:-keep]
    for path in old:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"The old backup {path} cannot be removed: {error.strerror}.") from error
    return old
