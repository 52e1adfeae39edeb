"""The watchdog is fed by whatever answers: a fault of the moment ends no daemon."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dcvd.daemon.watchdog import feed_watchdog
from dcvd.kit.notify import Notifier
from tests.unreliable_database import Fate, UnreliableDatabase, strike
from tests.waiting import until


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


@pytest.fixture
async def manager(tmp_path: Path, database: UnreliableDatabase) -> AsyncIterator[Manager]:
    """A manager that is told of a database each few milliseconds, where that answers within fifty."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address)
        receiver.setblocking(False)
        task = asyncio.create_task(feed_watchdog(database, Notifier(address), 0.002, timeout_s=0.05))
        yield Manager(receiver)
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])


async def test_the_manager_hears_of_the_daemon_again_after_a_read_that_failed(
    manager: Manager, database: UnreliableDatabase
) -> None:
    await until(manager.hears)
    has_failed = strike(database, "feed_watchdog", 1, Fate.LOST)

    async def failed() -> bool:
        return has_failed()

    await until(failed)
    heard = manager.heard
    await until(manager.hears)
    assert manager.heard > heard


async def test_the_manager_hears_nothing_while_the_database_does_not_answer_and_again_after_that(
    manager: Manager, database: UnreliableDatabase
) -> None:
    await until(manager.hears)
    slow, answer = asyncio.Event(), asyncio.Event()

    async def hold_up() -> None:
        if slow.is_set():
            database.after_read = None
        slow.set()
        await answer.wait()

    database.after_read = hold_up
    await slow.wait()
    while await manager.hears():
        pass

    async def second_read() -> bool:
        return database.after_read is None

    await until(second_read)
    assert not await manager.hears()
    answer.set()
    await until(manager.hears)
