"""The database's file on disk: private to its owner, and kept with the owner that it had."""

import os
from pathlib import Path


def prepare_file(path: Path) -> None:
    """Create the file (0600) where it is missing.

    When root runs this in somebody else's directory, as an operator's command does, the new file belongs to that owner,
    so that the daemon can open it. SQLite itself gives its log files the owner of the database.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    os.close(descriptor)
    adopt_owner(path)


def lock_path(database: Path) -> Path:
    """Return the path of a database's lock file: beside the file itself, whatever links lead to it."""
    resolved = database.resolve()
    return resolved.with_name(f"{resolved.name}.lock")


def adopt_owner(path: Path) -> None:
    """Give a file that root has just made to the owner of its directory."""
    if os.geteuid() != 0:
        return
    directory_status = path.parent.stat()
    os.chown(path, directory_status.st_uid, directory_status.st_gid)
