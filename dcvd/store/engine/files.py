"""The database's files on disk: found or missed, private to their owner, and kept with the owner that they had."""

import errno
import glob
import os
import stat
from pathlib import Path
from typing import Final

from dcvd.errors import DatabaseUnusable
from dcvd.kit.paths import follow_links

IN_USE_NOTE: Final = "database was made"
"""What the lock file says, also while nobody holds it, once there has been a database beside it."""
_MAX_LOCK_FILE_BYTES: Final = 65536

_TRACES: Final = {
    "-wal": "its write-ahead log, with changes that are nowhere else",
    "-journal": "its journal",
    "-shm": "the index of its write-ahead log",
    ".key": "the key of its secrets",
    ".last-backup": "the note on its last backup",
}
"""What lies beside a database, by the end of its name, and what it is."""
_NUMBERED_TRACES: Final = (".replaced-*Z", ".restored-*Z", ".schema-????")
"""What a restore, or an upgrade, has left of earlier ones."""


def find_database(path: Path) -> bool:
    """Find out whether there is a database to open; False where the first one may be made.

    Nothing is written, and the file is not opened. Raises DatabaseUnusable where a database has been and is lost, where
    the path leads to something else than a file, and where this user may not use it; OSError where the path cannot be
    followed.
    """
    try:
        status = path.stat()
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise _build_astray_error(path) from error
        if error.errno != errno.ENOENT:
            raise
        if path.is_symlink():
            raise DatabaseUnusable(
                f"The database {path} is a link to {follow_links(path)}, and nothing is there: bring back what was "
                "there, such as a disk that is not mounted, or a backup. For a new database, set database.path to "
                "where it is to be."
            ) from None
        _refuse_lost_database(path, "There is no database")
        return False
    if not stat.S_ISREG(status.st_mode):
        kind = "directory" if stat.S_ISDIR(status.st_mode) else "device, pipe or socket"
        raise DatabaseUnusable(f"The database {path} is a {kind} and no file: set database.path to a file.")
    if not os.access(path, os.R_OK | os.W_OK) and not os.statvfs(path).f_flag & os.ST_RDONLY:
        raise DatabaseUnusable(
            f"The database {path} is not for the user that dcvd runs as: give it to that user by chown, with what lies "
            "beside it."
        )
    if not status.st_size:
        _refuse_lost_database(path, "There is an empty file instead of the database")
    return bool(status.st_size)


def lock_path(database: Path) -> Path:
    """Return the path of a database's lock file: beside the file itself, whatever links lead to it."""
    try:
        resolved = follow_links(database)
    except OSError as error:
        raise _build_astray_error(database) from error
    return resolved.with_name(f"{resolved.name}.lock")


def upgrade_copy_path(database: Path, version: int) -> Path:
    """Return where the copy of a version of the schema is kept, from before the database was brought up to another."""
    resolved = follow_links(database)
    return resolved.with_name(f"{resolved.name}.schema-{version:04d}")


def adopt_owner(path: Path) -> None:
    """Give a file that root has just made to the owner of its directory."""
    if os.geteuid() != 0:
        return
    directory_status = path.parent.stat()
    os.chown(path, directory_status.st_uid, directory_status.st_gid)


def _refuse_lost_database(path: Path, what: str) -> None:
    """Raise DatabaseUnusable if anything beside a path says that there was a database.

    A lock file alone says so only by its note: the first start makes it before the database.
    """
    resolved = follow_links(path)
    found = [
        f"{trace} ({meaning})"
        for suffix, meaning in _TRACES.items()
        if os.path.lexists(trace := resolved.with_name(f"{resolved.name}{suffix}"))
    ]
    found += [
        f"{trace} (another file of it)"
        for suffix in _NUMBERED_TRACES
        for trace in sorted(resolved.parent.glob(f"{glob.escape(resolved.name)}{suffix}"))
    ]
    if _says_in_use(lock := lock_path(path)):
        found.append(f"{lock} (which says that there was one)")
    if not found:
        return
    raise DatabaseUnusable(
        f"{what} at {path}, but beside it there is {', '.join(found)}. dcvd makes no new one in its place, and touches "
        "nothing: bring the file back, or restore a backup. If there never was a database that anybody needs, move "
        "these files away."
    )


def _build_astray_error(path: Path) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"The path of the database, {path}, leads to no place for a file: a link leads to itself, or a part of it is "
        "no directory. Set database.path to a file."
    )


def _says_in_use(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            return f"note {IN_USE_NOTE}".encode() in file.read(_MAX_LOCK_FILE_BYTES).splitlines()
    except FileNotFoundError:
        return False
