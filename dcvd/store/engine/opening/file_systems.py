"""The file system below the database: SQLite's write-ahead log needs one of this machine's own."""

import re
from pathlib import Path
from typing import Final

from dcvd.errors import DatabaseUnusable
from dcvd.kit.paths import follow_links

_MOUNTS: Final = Path("/proc/self/mountinfo")
_REFUSED: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "fuse", "fuseblk"})
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def refuse_unsuitable(path: Path, *, mounts: Path = _MOUNTS) -> None:
    """Raise DatabaseUnusable for a database on the network, or behind a program: their locks and memory maps differ.

    `mounts` is the kernel's list of what is mounted (proc(5), mountinfo). Where it cannot be read nothing is refused.
    """
    try:
        text = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    name = find_file_system(follow_links(path), text)
    if name is None or name.partition(".")[0] not in _REFUSED:
        return
    raise DatabaseUnusable(
        f"The database {path} is on a file system of the type {name}, on which SQLite can lose or damage it: set "
        "database.path to a local disk."
    )


def find_file_system(path: Path, mount_table: str) -> str | None:
    """Return the type of the file system that holds a path, such as `ext4` or `fuse.sshfs`; None if it is not known."""
    found: tuple[int, str] | None = None
    for line in mount_table.splitlines():
        fields, _, described = line.partition(" - ")
        columns, types = fields.split(" "), described.split(" ")
        if len(columns) < 5 or not types[0]:
            continue
        point = Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), columns[4]))
        # Of two at one place, the later one hides the earlier.
        if path.is_relative_to(point) and (found is None or len(point.parts) >= found[0]):
            found = len(point.parts), types[0]
    return None if found is None else found[1]
