"""The watchdog is fed while the loop turns and all parts get on: what is slow or fails for a moment ends no daemon."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dcvd.daemon.watchdog import MovingPart, WriterMovement, feed_watchdog
from dcvd.kit.notify import Notifier
from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Snapshot
from tests.waiting import until

QUICK = 0.002
"""Seconds between two reports."""
LONGEST = 0.3
"""Seconds for which a part may stall in these tests."""


class Part:
    """A part that stalls for as long as a test says."""

    name = "part"

    def __init__(self) -> None:
        self.stalled_s = 0.0

    def measure_stall_s(self) -> float:
        return self.stalled_s


class Manager:
    """A service manager that counts how often it hears that the daemon lives."""

    def __init__(self, receiver: socket.socket) -> None:
        self._receiver = receiver
        self.heard = 0

    async def hears(self) -> bool:
        """Whether it has heard so once more."""
        try:
            assert self._receiver.recv(4096) == b"WATCHDOG=1"
        except BlockingIOError:
            return False
        self.heard += 1
        return True

    async def hears_no_more(self) -> bool:
        """Whether nothing came in the time of several reports."""
        while await self.hears():
            pass
        await asyncio.sleep(10 * QUICK)
        return not await self.hears()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.setblocking(False)
        yield receiver


@asynccontextmanager
async def watched(receiver: socket.socket, *parts: MovingPart) -> AsyncIterator[Manager]:
    """A manager that is told of these parts each few milliseconds."""
    notifier = Notifier(receiver.getsockname())
    task = asyncio.create_task(feed_watchdog(notifier, QUICK, parts, longest_stall_s=LONGEST))
    try:
        yield Manager(receiver)
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_the_manager_hears_nothing_while_one_part_stalls_and_again_after_that(receiver: socket.socket) -> None:
    well, stalling = Part(), Part()
    async with watched(receiver, well, stalling) as manager:
        await until(manager.hears)
        stalling.stalled_s = LONGEST + 1
        await until(manager.hears_no_more)
        stalling.stalled_s = LONGEST - 0.1
        await until(manager.hears)


async def test_a_slow_read_does_not_keep_the_manager_from_hearing_of_the_daemon(
    receiver: socket.socket, database: Database
) -> None:
    """However many of them there are: every reader has one."""
    release = threading.Event()
    reads = [asyncio.create_task(database.read(_wait_for(release))) for _ in range(8)]
    async with watched(receiver, WriterMovement(database.writer_state)) as manager:
        loop = asyncio.get_running_loop()
        end = loop.time() + 2 * LONGEST

        async def outlasted() -> bool:
            while await manager.hears():
                pass
            return loop.time() > end

        await until(outlasted)
        assert not any(read.done() for read in reads)
        await until(manager.hears)
        release.set()
        await asyncio.gather(*reads)


async def test_a_writer_that_does_not_move_is_seen_and_one_that_goes_on_again_too(
    receiver: socket.socket, database: Database
) -> None:
    release = threading.Event()
    writer = WriterMovement(database.writer_state)
    async with watched(receiver, writer) as manager:
        await until(manager.hears)
        held = asyncio.create_task(database.maintain(lambda _: release.wait(30)))
        waiting = asyncio.create_task(database.write(lambda tx: tx.fetch_one("SELECT 1")))
        await until(manager.hears_no_more)
        assert writer.measure_stall_s() > LONGEST
        release.set()
        await asyncio.gather(held, waiting)
        await until(manager.hears)


def _wait_for(release: threading.Event) -> Callable[[Snapshot], object]:
    def query(snapshot: Snapshot) -> object:
        release.wait(30)
        return snapshot.fetch_one("SELECT 1")

    return query
