"""Read and change a file of vault keys: one key a line, the active one first. A change is complete or not made."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dcvd.core.secret import Secret
from dcvd.kit.new_file import hold_draft, sync_to_disk
from dcvd.kit.paths import follow_links
from dcvd.kit.vault.key import VaultKey

_MAX_BYTES: Final = 64 * 1024


def format_keys(keys: list[VaultKey]) -> str:
    """Return the content of a file of these keys."""
    return "".join(f"{key.to_text().reveal()}\n" for key in keys)


def change_keys(path: Path, transform: Callable[[list[VaultKey]], list[VaultKey]]) -> None:
    """Replace the keys of a file by those that `transform` returns; the file keeps its mode and its owner.

    A reader sees the old file or the new one, and only one process can change it at a time. `transform` gets [] for a
    file that holds anything but keys, and must raise then. Raises OSError, and ValueError with the end of a sentence
    that begins with the path.
    """
    target = follow_links(path)
    with _lock(target) as descriptor:
        keys = _read(descriptor)
        new_keys = transform(keys)
        if new_keys == keys:
            return
        status = os.fstat(descriptor)
        with hold_draft(target.parent) as draft:
            with draft.open("w", encoding="ascii") as file:
                os.fchmod(file.fileno(), status.st_mode & 0o7777)
                if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
                file.write(format_keys(new_keys))
            sync_to_disk(draft)
            draft.rename(target)
        sync_to_disk(target.parent)


@contextmanager
def _lock(path: Path) -> Iterator[int]:
    """Open the file at the path, and lock it so that only this process may change it. Yields the descriptor."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_exclusive = os.path.samestat(os.fstat(descriptor), path.stat())  # else it was replaced a moment ago
        except BlockingIOError:
            is_exclusive = False
        if not is_exclusive:
            raise ValueError("is being changed by another command: look at what that did, and try again")
        yield descriptor
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> list[VaultKey]:
    content = os.read(descriptor, _MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ValueError("is larger than 64KiB, so it is no key file")
    try:
        return VaultKey.parse_lines(Secret(content.decode()))
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
