"""Tokens that a search finds wherever they have got to: no log and no database may hold one in the clear."""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MARK: Final = "tok-SECRET"
"""What every token, code and credential of the tests begins with."""

_KEPT: Final = (".db", ".db-wal", ".db-journal", ".log")


def marked(name: object) -> str:
    """A token that can be found."""
    return f"{MARK}-{name}"


def left_below(directory: Path) -> list[Path]:
    """The databases and logs below a directory in which such a token stands."""
    return [path for path in _files(directory) if _holds(path)]


def _files(directory: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(directory):
        for name in names:
            if name.endswith(_KEPT):
                yield Path(parent, name)


def _holds(path: Path) -> bool:
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(MARK.encode()) >= 0
