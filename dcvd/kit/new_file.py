"""Create a file that appears under its name complete and on disk, or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@contextmanager
def create_file(path: Path) -> Iterator[Path]:
    """Yield an empty draft beside `path`, private to its owner, which gets that name when the block ends normally.

    An existing file is never replaced: raises FileExistsError, and OSError for anything else that the system refuses.
    When the block raises, no file is left behind.
    """
    if os.path.lexists(path):
        raise _build_exists_error(path)
    descriptor, name = create_draft(path.parent)
    os.close(descriptor)
    draft = Path(name)
    try:
        yield draft
        sync_to_disk(draft)
        _take_name(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_to_disk(path.parent)


def create_draft(directory: Path) -> tuple[int, str]:
    """Create an empty file, private to its owner; return its open descriptor and its name."""
    return tempfile.mkstemp(prefix=".dcvd-draft-", dir=directory)


def sync_to_disk(path: Path) -> None:
    """Write a file's content, or a directory's entries, through to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take_name(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)  # a rename would replace a file that another process put there meanwhile
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise _build_exists_error(path) from error
        draft.rename(path)  # the file system has no links, such as a memory stick's


def _build_exists_error(path: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
