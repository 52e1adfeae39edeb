"""Allow one process for a database, by a lock file that the kernel frees however the holder dies."""

import asyncio
import errno
import fcntl
import os
import shlex
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from dcvd.core.instants import to_rfc3339
from dcvd.errors import DatabaseLocked, DatabaseUnusable, DiskFull, StoreError

_POLL_INTERVAL_S: Final = 0.05  # seconds; flock has no wait with a deadline
_MAX_READ_BYTES: Final = 4096
_MAX_FILE_BYTES: Final = 65536  # a command may be long, and notes stand behind it
_NOTE: Final = "note "
_CURED_BY_PEOPLE: Final = (errno.EACCES, errno.EPERM, errno.EISDIR, errno.ELOOP)


class LockFile:
    """An exclusive lock, held until `release()` or the end of the process.

    The file stays after the release: deleting it would let two processes lock two files of the same name.
    """

    def __init__(self, path: Path, descriptor: int, notes: list[str]) -> None:
        """Take over a descriptor that holds the lock; callers use `acquire`."""
        self.path = path
        self._descriptor: int | None = descriptor
        self._notes = notes

    @classmethod
    async def acquire(cls, path: Path, *, timeout_s: float = 5.0) -> Self:
        """Acquire the lock, waiting up to `timeout_s` seconds.

        Raises DatabaseLocked naming the holder, and StoreError when the file cannot be used at all.
        """
        deadline = time.monotonic() + timeout_s
        while (lock := cls._try_acquire(path)) is None:
            if time.monotonic() >= deadline:
                raise _build_busy_error(path)
            await asyncio.sleep(_POLL_INTERVAL_S)
        return lock

    def note(self, text: str) -> None:
        """Keep a line in the file, for good: it outlives the release, and later holders. Raises StoreError."""
        line = f"{_NOTE}{text}"
        if self._descriptor is None or line in self._notes:
            return
        self._notes.append(line)
        try:
            _replace_content(self._descriptor, [*_describe_process(), *self._notes])
        except OSError as error:
            raise _build_error(self.path, "written", error) from error

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            _replace_content(descriptor, self._notes)
        finally:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    @classmethod
    def _try_acquire(cls, path: Path) -> Self | None:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise _build_error(path, "opened", error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError as error:
            os.close(descriptor)
            raise StoreError(f"The lock file {path} cannot be locked: {error.strerror}.") from error
        try:
            notes = _read_notes(descriptor)
            _replace_content(descriptor, [*_describe_process(), *notes])
        except OSError as error:
            os.close(descriptor)
            raise _build_error(path, "written", error) from error
        return cls(path, descriptor, notes)


def _describe_process() -> list[str]:
    command = shlex.join(sys.orig_argv).replace("\n", " ")
    return [f"pid {os.getpid()}", f"command {command}", f"started {to_rfc3339(time.time_ns() // 1_000_000)}"]


def _read_notes(descriptor: int) -> list[str]:
    text = os.pread(descriptor, _MAX_FILE_BYTES, 0).decode(errors="replace")
    return [line for line in text.splitlines() if line.startswith(_NOTE)]


def _replace_content(descriptor: int, lines: list[str]) -> None:
    content = "".join(f"{line}\n" for line in lines).encode(errors="replace")
    # Written first: where there is no room for it, what stands there is not lost.
    os.pwrite(descriptor, content, 0)
    os.ftruncate(descriptor, len(content))


def _build_error(path: Path, what: str, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"The disk is full: the lock file {path} cannot be {what}. Free some space.")
    sentence = f"The lock file {path} cannot be {what}: {error.strerror}."
    return DatabaseUnusable(sentence) if error.errno in _CURED_BY_PEOPLE else StoreError(sentence)


def _build_busy_error(path: Path) -> DatabaseLocked:
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_READ_BYTES).decode(errors="replace")
    except OSError as error:
        text = f"command unreadable: {error.strerror}"
    facts = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    holder = (
        f"process {facts.get('pid', 'unknown')} ({facts.get('command', 'command unknown')}, "
        f"started {facts.get('started', 'at an unknown time')})"
    )
    return DatabaseLocked(f"{path} is locked by {holder}: stop that process, or use another database.")
