"""The lock file, held by real processes."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dcvd.errors import DatabaseLocked, StoreError
from dcvd.kit.lockfile import LockFile

HOLD = """
import asyncio, sys
from pathlib import Path
from dcvd.kit.lockfile import LockFile
lock = asyncio.run(LockFile.acquire(Path(sys.argv[1]), timeout_s=1))
print("held", flush=True)
sys.stdin.read()
lock.release()
print("released", flush=True)
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


async def test_a_lock_held_by_another_process_is_refused_naming_pid_and_command(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.lock"
    with holder(path) as process:
        began = time.monotonic()
        with pytest.raises(DatabaseLocked) as caught:
            await LockFile.acquire(path, timeout_s=0.2)
        assert 0.2 <= time.monotonic() - began < 10
        assert f"process {process.pid} (" in caught.value.message
        assert sys.executable in caught.value.message
        assert "stop that process" in caught.value.message


async def test_a_lock_that_is_released_within_the_wait_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.lock"
    with holder(path) as process:
        waiting = asyncio.create_task(LockFile.acquire(path, timeout_s=5))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        assert process.stdin
        process.stdin.close()
        lock = await waiting
        assert f"pid {os.getpid()}\n" in path.read_text()
        lock.release()


async def test_a_killed_holder_holds_nothing_any_more(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.lock"
    with holder(path) as process:
        process.send_signal(signal.SIGKILL)
        (await LockFile.acquire(path, timeout_s=5)).release()


def test_the_file_says_who_holds_it_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.lock"
    with asyncio.run(LockFile.acquire(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        pid, command, started = path.read_text().splitlines()
        assert pid == f"pid {os.getpid()}"
        assert command.startswith("command ")
        assert started.startswith("started 20")


def test_the_file_stays_when_the_lock_goes_and_can_be_locked_again(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.lock"
    lock = asyncio.run(LockFile.acquire(path))
    with pytest.raises(DatabaseLocked):
        asyncio.run(LockFile.acquire(path, timeout_s=0))
    lock.release()
    lock.release()
    assert path.read_text() == ""
    asyncio.run(LockFile.acquire(path, timeout_s=0)).release()


def test_a_child_process_does_not_inherit_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.lock"
    lock = asyncio.run(LockFile.acquire(path))
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, close_fds=False) as child:
        lock.release()
        # The kernel may need a moment to close what exec closes.
        asyncio.run(LockFile.acquire(path, timeout_s=1)).release()
        assert child.poll() is None
        assert child.stdin
        child.stdin.close()


def test_a_holder_whose_text_is_unreadable_is_still_reported(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.lock"
    with asyncio.run(LockFile.acquire(path)):
        path.write_bytes(b"\xff\xfe junk")
        with pytest.raises(DatabaseLocked, match="process unknown"):
            asyncio.run(LockFile.acquire(path, timeout_s=0))


async def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened: No such file or directory"):
        await LockFile.acquire(tmp_path / "missing" / "dcvd.lock", timeout_s=5)


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "dcvd.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(StoreError, match="cannot be opened"):
        asyncio.run(LockFile.acquire(tmp_path / "dcvd.lock", timeout_s=0))
    assert (tmp_path / "victim").read_text() == "precious"


async def test_a_note_outlives_the_release_and_a_holder_that_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.lock"
    with await LockFile.acquire(path) as lock:
        for _ in range(2):
            lock.note("database was made")
        assert path.read_text().splitlines()[0] == f"pid {os.getpid()}"
    assert path.read_text() == "note database was made\n"
    with holder(path) as process:
        process.kill()
        process.wait(10)
    assert path.read_text().splitlines()[-1] == "note database was made"
    (await LockFile.acquire(path)).release()
    assert path.read_text() == "note database was made\n"
