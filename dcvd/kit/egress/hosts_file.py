"""The names that the machine's hosts file holds, which need no DNS (hosts(5))."""

import os
from pathlib import Path
from typing import Final

_PATH: Final = Path("/etc/hosts")
_State = tuple[int, int, int]


class HostsFile:
    """Reads the file again whenever it has changed: lists of many thousands of names are common there."""

    def __init__(self, path: Path = _PATH) -> None:
        self._path = path
        # Replaced as one, since lookups ask from many threads.
        self._read: tuple[_State | None, frozenset[str]] = (None, frozenset())

    def holds(self, name: str) -> bool:
        """Whether the file holds a name, given without the trailing dot. One that cannot be read holds none."""
        try:
            status = os.stat(self._path)
            state = (status.st_ino, status.st_mtime_ns, status.st_size)
            read_state, names = self._read
            if state != read_state:
                names = _find_names(self._path.read_text(errors="replace"))
                self._read = (state, names)
        except OSError:
            return False
        return name.lower() in names


def _find_names(text: str) -> frozenset[str]:
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return frozenset(name.lower().rstrip(".") for line in lines for name in line[1:])
