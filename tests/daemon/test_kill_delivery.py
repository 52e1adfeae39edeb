"""kill -9 around an attempt: every delivery is accounted for, and only what was under way may come again."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from dcvd.sandbox import Sandbox
from tests.daemon.process import Api, DaemonProcess, daemon_with, tenant
from tests.daemon.rows import check_rules, rows
from tests.delivery.receivers import Gate, Receiver, ok, receiving
from tests.waiting import until

pytestmark = pytest.mark.sweep

_LIVES = 6
_SLOTS = 8
"""What may be under way to one endpoint."""


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


class Life:
    """A tenant's daemon that is killed and started again; `doomed` is what may come a second time."""

    def __init__(self, daemon: DaemonProcess, api: Api, receiver: Receiver) -> None:
        self.daemon = daemon
        self.api = api
        self.receiver = receiver
        self.path = daemon.directory / "dcvd.db"
        self.doomed: Counter[str] = Counter()
        self._added = 0

    async def add(self, count: int) -> None:
        """So many events, each acknowledged."""
        for _ in range(count):
            self._added += 1
            name = f"n{self._added}.customer.test"
            status, body = await self.api.call("POST", "/api/domains", {"domainName": name})
            assert status == 201, body

    async def die(self) -> None:
        """Kill it and start it again."""
        await self.daemon.kill()
        undone = {
            event_id for (event_id,) in rows(self.path, "SELECT event_id FROM deliveries WHERE state = 'pending'")
        }
        sent = set(self.receiver.ids())
        assert len(undone & sent) <= _SLOTS
        self.doomed.update(str(event_id) for event_id in undone & sent)
        await self.daemon.start()

    async def settle(self) -> None:
        """Wait until nothing is owed any more."""

        async def done() -> bool:
            (count,) = rows(self.path, "SELECT count(*) FROM deliveries WHERE state = 'delivered'")[0]
            return count == self._added

        await until(done)

    def check(self) -> None:
        """Everything arrived with its own bytes, and nothing came again but what was under way at a kill."""
        bodies = {str(row[0]): row[1] for row in rows(self.path, "SELECT e.id, e.body FROM events e")}
        owed = {str(event_id) for (event_id,) in rows(self.path, "SELECT event_id FROM deliveries")}
        times = Counter(self.receiver.ids())
        assert set(times) == owed
        assert len(owed) == self._added
        repeats = Counter({event_id: count - 1 for event_id, count in times.items() if count > 1})
        assert repeats <= self.doomed
        assert all(request.body == bodies[request.headers["webhook-id"]] for request in self.receiver.received)
        check_rules(self.path)


@pytest.fixture
async def life(tmp_path: Path, world: Sandbox, receiver: Receiver) -> AsyncIterator[Life]:
    async with daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        status, _ = await api.call("POST", "/api/webhooks", {"url": receiver.url, "events": ["domain.added"]})
        assert status == 201
        yield Life(daemon, api, receiver)


async def test_what_was_acknowledged_is_delivered_though_it_was_killed_before_it_could_send(
    life: Life, receiver: Receiver
) -> None:
    for _ in range(2):
        await life.add(1)
        await life.die()
    await life.settle()
    life.check()


async def test_killed_after_the_send_only_what_was_under_way_comes_again_with_the_same_id(
    life: Life, receiver: Receiver
) -> None:
    await life.add(3)
    await life.settle()
    gate = Gate()
    receiver.answer = gate
    await life.add(12)
    await receiver.holds(_SLOTS)
    await life.die()
    assert life.doomed.total() == _SLOTS
    receiver.answer = ok
    await life.settle()
    life.check()
    assert len(receiver.received) == 3 + 12 + _SLOTS


async def test_killed_when_the_receiver_has_just_answered_and_at_random_moments_of_the_commit_after_it(
    life: Life, receiver: Receiver
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    answered = asyncio.Event()

    async def tell(request: web.Request) -> web.StreamResponse:
        response = web.Response(text="thanks")
        await response.prepare(request)
        await response.write_eof()
        answered.set()
        return response

    receiver.answer = tell
    for number in range(_LIVES):
        answered.clear()
        await life.add(4)
        await answered.wait()
        # At first at once, then anywhere in the commit, which takes a few milliseconds.
        await asyncio.sleep(dice.uniform(0, 0.01) if number else 0)
        await life.die()
    await life.settle()
    life.check()
