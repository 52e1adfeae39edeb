"""Lanes over a real database: nothing that is due is forgotten, and not more is read than is needed."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.delivery.endpoint_queue import Able
from dcvd.delivery.endpoint_queues import Lanes
from dcvd.delivery.fair_scheduler import Turns
from dcvd.kit.clock import ManualClock
from dcvd.services.context import Context
from dcvd.services.webhooks import deliveries as service
from dcvd.services.webhooks.deliveries import Made
from dcvd.store.engine.database import Topic
from dcvd.store.webhooks import deliveries
from tests.delivery.conftest import subscribe
from tests.delivery.owing import backlog, happen
from tests.delivery.scheduling.queues import LIMIT, failed

_URL = "http://127.0.0.1:9/"


async def _read_all(lanes: Lanes) -> None:
    await lanes.update()
    while lanes.woken.is_set():
        lanes.woken.clear()
        await lanes.update()


async def test_a_retry_that_is_planned_while_its_lane_is_read_is_not_forgotten(
    context: Context, org: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    turns = Turns(8)
    lanes = Lanes(context, turns)
    await happen(context, org)
    await _read_all(lanes)
    lane = turns.next(context.now(), LIMIT)
    assert lane is not None
    due = lane.take()
    turns.begin(lane, due.id)

    read = context.database.read

    async def meanwhile(query: Callable[[Any], Any]) -> Any:
        """The attempt fails after the snapshot was read, and before those who asked for it hear of it.

        By a fault of dcvd's own: it says nothing of the endpoint, so nobody announces a change of its health.
        """
        found = await read(query)
        attempt = failed(due.id, AttemptOutcome.INTERNAL)
        (follows,) = await service.record_attempts(context, [Made(due=due, endpoint_id=endpoint, attempt=attempt)])
        assert follows.next_attempt_at is not None
        lane.plan(follows.next_attempt_at)
        lanes.plan(lane, follows.next_attempt_at)
        lane.end(due, attempt)
        turns.end(lane, due.id)
        return found

    lanes.unread(lane)
    with monkeypatch.context() as patched:
        patched.setattr(context.database, "read", meanwhile)
        await lanes.update()
    await _read_all(lanes)
    assert turns.next(context.now(), LIMIT) is None
    clock.advance(5_000)
    await _read_all(lanes)
    assert turns.next(context.now(), LIMIT) is lane
    assert lane.take().attempts == 1


async def test_however_often_something_is_announced_only_so_much_is_read_ahead(context: Context, org: str) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    await backlog(context, org, endpoint, 1000)
    turns = Turns(8)
    lanes = Lanes(context, turns)
    await _read_all(lanes)
    lane = turns.next(context.now(), LIMIT)
    assert lane is not None
    most = lane.ready
    for _ in range(20):
        await context.database.write(lambda tx: tx.announce(Topic.DELIVERIES, endpoint))
        await _read_all(lanes)
    assert lane.ready == most <= 64


async def test_a_lane_that_runs_dry_is_read_on_to_its_end(context: Context, org: str) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    await backlog(context, org, endpoint, 1000)
    turns = Turns(8)
    lanes = Lanes(context, turns)
    await _read_all(lanes)
    seen: set[str] = set()
    while (lane := turns.next(context.now(), LIMIT)) is not None:
        due = lane.take()
        assert due.id not in seen
        seen.add(due.id)
        turns.begin(lane, due.id)
        lanes.refill(lane)
        await context.database.write(
            lambda tx, due=due: deliveries.drop(tx, [due.id], "Taken.", 0)  # type: ignore[misc]
        )
        lane.end(due, None)
        turns.end(lane, due.id)
        await _read_all(lanes)
    assert len(seen) == 1000


async def test_much_to_read_is_read_in_parts_between_which_something_can_begin(context: Context, org: str) -> None:
    for _ in range(200):
        await subscribe(context, org, _URL)
    await happen(context, org)
    turns = Turns(8)
    lanes = Lanes(context, turns)
    await lanes.update()
    first = turns.next(context.now(), LIMIT)
    assert first is not None
    assert first.able(context.now(), LIMIT) is Able.YES
    # The rest is not forgotten.
    await _read_all(lanes)
    seen = {first.id}
    while (lane := turns.next(context.now(), LIMIT)) is not None:
        seen.add(lane.id)
    assert len(seen) == 200


async def test_what_nobody_announced_is_found_by_the_survey(context: Context, org: str) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    turns = Turns(8)
    lanes = Lanes(context, turns)
    await _read_all(lanes)
    # As after a commit that seemed to have failed.
    with_announcements = context.database._subscribers
    context.database._subscribers = {topic: [] for topic in Topic}
    await happen(context, org)
    context.database._subscribers = with_announcements
    await _read_all(lanes)
    assert turns.next(context.now(), LIMIT) is None
    lanes.survey_again()
    await _read_all(lanes)
    lane = turns.next(context.now(), LIMIT)
    assert lane is not None
    assert lane.id == endpoint


@pytest.mark.parametrize("count", [2, 3, 4, 6, 7])
async def test_the_survey_finds_every_endpoint_of_every_page(
    context: Context, org: str, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(deliveries, "_PAGE", 3)
    ids = {(await subscribe(context, org, _URL))[0] for _ in range(count)}
    await happen(context, org)
    # Made after all of that, it has heard of nothing.
    turns = Turns(8)
    await _read_all(Lanes(context, turns))
    seen = set()
    while (lane := turns.next(context.now(), LIMIT)) is not None:
        seen.add(lane.id)
    assert seen == ids


async def test_more_than_five_hundred_endpoints_are_surveyed_page_by_page(context: Context, org: str) -> None:
    ids = [(await subscribe(context, org, _URL))[0] for _ in range(501)]
    await happen(context, org)
    found: list[str] = []
    pages = 0
    after: str | None = ""
    while after is not None:
        start = after
        owed, after = await context.database.read(
            lambda snapshot, start=start: deliveries.owed_to(snapshot, after=start)  # type: ignore[misc]
        )
        found += owed
        pages += 1
    assert (pages, found) == (2, sorted(ids))


async def test_more_lanes_than_are_kept_cost_no_more_than_they_must(
    context: Context, org: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dcvd.delivery.endpoint_queues._MOST_LANES", 20)
    ids = [(await subscribe(context, org, _URL))[0] for _ in range(100)]
    await happen(context, org)
    turns = Turns(64)
    lanes = Lanes(context, turns)
    await _read_all(lanes)
    taken = set()
    while (lane := turns.next(context.now(), LIMIT)) is not None:
        due = lane.take()
        turns.begin(lane, due.id)
        lane.end(due, None)
        turns.end(lane, due.id)
        taken.add(lane.id)
    assert taken == set(ids)


async def test_while_a_failure_is_read_its_endpoint_does_not_count_as_well(context: Context, org: str) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    lanes = Lanes(context, Turns(8))
    await happen(context, org)
    await _read_all(lanes)
    assert lanes.is_well(endpoint)
    (due,) = await context.database.read(lambda snapshot: deliveries.due(snapshot, endpoint, context.now(), 1, ()))
    attempt = failed(due.id, AttemptOutcome.HTTP_ERROR)
    await service.record_attempts(context, [Made(due=due, endpoint_id=endpoint, attempt=attempt)])
    reading = asyncio.create_task(_read_all(lanes))
    while not reading.done():
        assert not lanes.is_well(endpoint)
        await asyncio.sleep(0)
    await reading
    assert not lanes.is_well(endpoint)
