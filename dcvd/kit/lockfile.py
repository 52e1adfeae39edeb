"""Allow one process for a database, by a lock file that the kernel frees however the holder dies."""

import asyncio
import fcntl
import os
import shlex
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from dcvd.core.instants import to_rfc3339
from dcvd.errors import DatabaseLocked, StoreError

_POLL_INTERVAL_S: Final = 0.05  # seconds; flock has no wait with a deadline
_MAX_READ_BYTES: Final = 4096


class LockFile:
    """An exclusive lock, held until `release()` or the end of the process.

    The file stays after the release: deleting it would let two processes lock two files of the same name.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take over a descriptor that holds the lock; callers use `acquire`."""
        self.path = path
        self._descriptor: int | None = descriptor

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

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.ftruncate(descriptor, 0)
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
            raise StoreError(f"The lock file {path} cannot be opened: {error.strerror}.") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError as error:
            os.close(descriptor)
            raise StoreError(f"The lock file {path} cannot be locked: {error.strerror}.") from error
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, _describe_process().encode(errors="replace"), 0)
        except OSError as error:
            os.close(descriptor)
            raise StoreError(f"The lock file {path} cannot be written: {error.strerror}.") from error
        return cls(path, descriptor)


def _describe_process() -> str:
    command = shlex.join(sys.orig_argv).replace("\n", " ")
    return f"pid {os.getpid()}\ncommand {command}\nstarted {to_rfc3339(time.time_ns() // 1_000_000)}\n"


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
