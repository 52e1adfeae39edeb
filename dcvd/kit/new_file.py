"""Create a file that appears under its name complete and on disk, or not at all."""

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_DRAFT_PREFIX: Final = ".dcvd-draft-"
_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@contextmanager
def create_file(path: Path) -> Iterator[Path]:
    """Yield an empty draft beside `path`, private to its owner, which gets that name when the block ends normally.

    An existing file is never replaced: raises FileExistsError, and OSError for anything else that the system refuses.
    When the block raises, no file is left behind.
    """
    if os.path.lexists(path):
        raise _build_exists_error(path)
    with hold_draft(path.parent) as draft:
        yield draft
        sync_to_disk(draft)
        _take_name(draft, path)
    sync_to_disk(path.parent)


@contextmanager
def hold_draft(directory: Path) -> Iterator[Path]:
    """Yield an empty file in a directory, private to its owner, which is removed when the block ends.

    The block gives it another name to keep it. What a process that was killed has left of its own drafts in the
    directory is removed first: each draft is locked for as long as somebody works on it.
    """
    _remove_abandoned_drafts(directory)
    descriptor, draft = _create_locked_draft(directory)
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)
        os.close(descriptor)


def sync_to_disk(path: Path) -> None:
    """Write a file's content, or a directory's entries, through to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create_locked_draft(directory: Path) -> tuple[int, Path]:
    while True:
        descriptor, name = tempfile.mkstemp(prefix=_DRAFT_PREFIX, dir=directory)
        draft = Path(name)
        try:
            # Another process may take it for abandoned between its creation and the lock, and remove it.
            if _try_lock(descriptor) and _is_same_file(descriptor, draft):
                return descriptor, draft
        except OSError:
            # A file system without locks: no process can lock a draft there, so none takes one for abandoned.
            return descriptor, draft
        os.close(descriptor)


def _remove_abandoned_drafts(directory: Path) -> None:
    for draft in directory.glob(f"{_DRAFT_PREFIX}*"):
        try:
            descriptor = os.open(draft, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue  # it is gone, or another user's
        try:
            if _try_lock(descriptor) and _is_same_file(descriptor, draft):
                draft.unlink(missing_ok=True)
        except OSError:
            continue
        finally:
            os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


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
