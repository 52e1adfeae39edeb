"""Lanes over a real database: nothing that is due is forgotten, and not more is read than is needed."""

import asyncio
from functools import partial

import pytest

from dcvd.core.webhooks.deliveries import AttemptOutcome, FinishedAttempt
from dcvd.delivery.endpoint_queue import EndpointQueue, Readiness
from dcvd.delivery.endpoint_queues import EndpointQueues
from dcvd.services.context import Context
from dcvd.services.organizations import quotas
from dcvd.services.webhooks import deliveries as service
from dcvd.store.engine.transactions import Topic, Transaction
from dcvd.store.webhooks import deliveries, delivery_endings
from tests.delivery.conftest import subscribe
from tests.delivery.owing import backlog, happen
from tests.delivery.scheduling.queues import LIMIT, failed, new_scheduler
from tests.manual_clock import ManualClock
from tests.unreliable_database import UnreliableDatabase

_URL = "http://127.0.0.1:9/"


async def _read_all(lanes: EndpointQueues) -> None:
    await lanes.update()
    while lanes.wake_event.is_set():
        lanes.wake_event.clear()
        await lanes.update()


async def test_a_retry_that_is_planned_while_its_lane_is_read_is_not_forgotten(
    context: Context, database: UnreliableDatabase, org: str, clock: ManualClock
) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    turns = new_scheduler(8)
    lanes = EndpointQueues(context, turns)
    await happen(context, org)
    await _read_all(lanes)
    lane = turns.choose(context.now(), LIMIT)
    assert lane is not None
    due = lane.take_next()
    turns.start(lane, due.id)

    async def meanwhile() -> None:
        """The attempt fails after the snapshot was read, and before those who asked for it hear of it.

        By a fault of dcvd's own: it says nothing of the endpoint, so nobody announces a change of its health.
        """
        database.after_read = None
        attempt = failed(due.id, AttemptOutcome.INTERNAL)
        (follows,) = await service.record_attempts(
            context, [FinishedAttempt(due_delivery=due, org_id="", endpoint_id=endpoint, attempt=attempt)]
        )
        assert follows.next_attempt_at is not None
        lane.plan_due(follows.next_attempt_at)
        lanes.schedule_wake(lane, follows.next_attempt_at)
        lane.finish(due, attempt)
        turns.finish(lane, due.id)

    lanes.mark_unread(lane)
    database.after_read = meanwhile
    await lanes.update()
    await _read_all(lanes)
    assert turns.choose(context.now(), LIMIT) is None
    clock.advance(5_000)
    await _read_all(lanes)
    assert turns.choose(context.now(), LIMIT) is lane
    assert lane.take_next().attempts == 1


async def test_however_often_something_is_announced_only_so_much_is_read_ahead(context: Context, org: str) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    await backlog(context, org, endpoint, 1000)
    turns = new_scheduler(8)
    lanes = EndpointQueues(context, turns)
    await _read_all(lanes)
    lane = turns.choose(context.now(), LIMIT)
    assert lane is not None
    most = lane.ready_count
    for _ in range(20):
        await context.database.write(lambda tx: tx.announce(Topic.DELIVERIES, endpoint))
        await _read_all(lanes)
    assert lane.ready_count == most <= 64


async def test_with_a_lane_that_runs_dry_those_are_read_that_are_half_empty(context: Context, org: str) -> None:
    left = {}
    for ready in (8, 32, 33):
        endpoint, _ = await subscribe(context, org, _URL)
        await backlog(context, org, endpoint, 200)
        left[endpoint] = ready
    turns = new_scheduler(300)
    lanes = EndpointQueues(context, turns)
    await _read_all(lanes)
    known = [lane for _ in left if (lane := turns.choose(context.now(), LIMIT)) is not None]
    # The one that runs dry comes last: only then there is anything to read.
    for lane in sorted(known, key=lambda lane: left[lane.endpoint_id], reverse=True):
        _drain(lanes, lane, left[lane.endpoint_id])
    assert lanes.wake_event.is_set()
    await lanes.update()
    assert [lane.ready_count for lane in sorted(known, key=lambda lane: left[lane.endpoint_id])] == [64, 64, 33]


async def test_a_lane_that_is_half_empty_and_whose_endpoint_changes_is_read_once(context: Context, org: str) -> None:
    lanes, lane = await _half_empty(context, org)
    await context.database.write(lambda tx: tx.announce(Topic.ENDPOINTS, lane.endpoint_id))
    await lanes.update()
    assert lane.ready_count == 64
    assert len(set(lane.known_ids)) == len(lane.known_ids)


async def test_a_lane_that_is_half_empty_is_not_read_by_itself(context: Context, org: str) -> None:
    lanes, lane = await _half_empty(context, org)
    assert not lanes.wake_event.is_set()
    await lanes.update()
    assert lane.ready_count == 20


async def test_a_lane_that_runs_dry_is_read_on_to_its_end(context: Context, org: str) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    await backlog(context, org, endpoint, 1000)
    turns = new_scheduler(8)
    lanes = EndpointQueues(context, turns)
    await _read_all(lanes)
    seen: set[str] = set()
    while (lane := turns.choose(context.now(), LIMIT)) is not None:
        due = lane.take_next()
        assert due.id not in seen
        seen.add(due.id)
        turns.start(lane, due.id)
        lanes.refill(lane)
        await context.database.write(
            lambda tx, due=due: delivery_endings.drop(tx, [due.id], "Taken.", 0)  # type: ignore[misc]
        )
        lane.finish(due, None)
        turns.finish(lane, due.id)
        await _read_all(lanes)
    assert len(seen) == 1000


async def test_much_to_read_is_read_in_parts_between_which_something_can_begin(context: Context, org: str) -> None:
    await quotas.set_quotas(context, org, {"endpoints": 200})
    for _ in range(200):
        await subscribe(context, org, _URL)
    await happen(context, org)
    turns = new_scheduler(8)
    lanes = EndpointQueues(context, turns)
    await lanes.update()
    first = turns.choose(context.now(), LIMIT)
    assert first is not None
    assert first.get_readiness(context.now(), LIMIT) is Readiness.READY
    # The rest is not forgotten.
    await _read_all(lanes)
    seen = {first.endpoint_id}
    while (lane := turns.choose(context.now(), LIMIT)) is not None:
        seen.add(lane.endpoint_id)
    assert len(seen) == 200


async def test_what_nobody_announced_is_found_by_the_survey(
    context: Context, database: UnreliableDatabase, org: str
) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    turns = new_scheduler(8)
    lanes = EndpointQueues(context, turns)
    await _read_all(lanes)
    # As after a commit that seemed to have failed.
    database.before_commit = lambda tx: tx.announcements.clear()
    await happen(context, org)
    database.before_commit = None
    await _read_all(lanes)
    assert turns.choose(context.now(), LIMIT) is None
    lanes.request_survey()
    await _read_all(lanes)
    lane = turns.choose(context.now(), LIMIT)
    assert lane is not None
    assert lane.endpoint_id == endpoint


@pytest.mark.parametrize(("count", "pages"), [(2, 1), (3, 2), (4, 2), (6, 3), (7, 3)])
async def test_the_endpoints_that_are_owed_something_are_listed_page_by_page(
    context: Context, org: str, count: int, pages: int
) -> None:
    await quotas.set_quotas(context, org, {"endpoints": count})
    ids = [(await subscribe(context, org, _URL))[0] for _ in range(count)]
    await happen(context, org)
    found: list[str] = []
    page_count = 0
    after: str | None = ""
    while after is not None:
        owed, after = await context.database.read(partial(deliveries.list_owed_endpoints, after=after, limit=3))
        found += owed
        page_count += 1
    assert (page_count, found) == (pages, sorted(ids))


@pytest.mark.sweep
async def test_the_survey_finds_every_endpoint_of_every_page(context: Context, org: str) -> None:
    await quotas.set_quotas(context, org, {"endpoints": 501})
    ids = {(await subscribe(context, org, _URL))[0] for _ in range(501)}
    await happen(context, org)
    owed, after = await context.database.read(partial(deliveries.list_owed_endpoints, after=""))
    assert (len(owed), after) == (500, max(owed))
    # Made after all of that, it has heard of nothing.
    turns = new_scheduler(8)
    await _read_all(EndpointQueues(context, turns))
    seen = set()
    while (lane := turns.choose(context.now(), LIMIT)) is not None:
        seen.add(lane.endpoint_id)
    assert seen == ids


async def test_more_lanes_than_are_kept_cost_no_more_than_they_must(context: Context, org: str) -> None:
    ids = [(await subscribe(context, org, _URL))[0] for _ in range(100)]
    await happen(context, org)
    turns = new_scheduler(64)
    lanes = EndpointQueues(context, turns, max_queues=20)
    await _read_all(lanes)
    taken = set()
    while (lane := turns.choose(context.now(), LIMIT)) is not None:
        due = lane.take_next()
        turns.start(lane, due.id)
        lane.finish(due, None)
        turns.finish(lane, due.id)
        taken.add(lane.endpoint_id)
    assert taken == set(ids)


async def test_a_lane_that_is_being_read_is_not_made_a_second_time_when_there_are_too_many(
    context: Context, database: UnreliableDatabase, org: str
) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    turns = new_scheduler(64)
    lanes = EndpointQueues(context, turns, max_queues=1)
    await _read_all(lanes)
    others = [(await subscribe(context, org, _URL, events=("domain.removed",)))[0] for _ in range(3)]

    async def meanwhile() -> None:
        """Something is announced for others, which are too many then, and for the one that is being read."""
        database.after_read = None

        def announce(tx: Transaction, *, key: str) -> None:
            tx.announce(Topic.DELIVERIES, key)

        for announced in (*others, endpoint):
            await context.database.write(partial(announce, key=announced))

    await happen(context, org)
    database.after_read = meanwhile
    await lanes.update()
    await _read_all(lanes)
    taken = []
    while (lane := turns.choose(context.now(), LIMIT)) is not None:
        due = lane.take_next()
        turns.start(lane, due.id)
        taken.append(due.id)
        await _read_all(lanes)
    assert len(taken) == 1


async def test_what_is_in_flight_is_known_also_after_its_endpoint_could_not_be_opened_for_a_while(
    context: Context, org: str
) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    await happen(context, org)
    turns = new_scheduler(64)
    lanes = EndpointQueues(context, turns)
    await _read_all(lanes)
    lane = turns.choose(context.now(), LIMIT)
    assert lane is not None
    due = lane.take_next()
    turns.start(lane, due.id)
    for _ in range(2):

        def turn_over(tx: Transaction) -> None:
            """The first time this damages the secret, the second time it is whole again."""
            tx.execute(
                "UPDATE webhook_secrets SET sealed = CAST(substr(sealed, -1) || substr(sealed, 2, length(sealed) - 2)"
                " || substr(sealed, 1, 1) AS BLOB) WHERE endpoint_id = ?",
                (endpoint,),
            )
            tx.announce(Topic.ENDPOINTS, endpoint)

        await context.database.write(turn_over)
        await _read_all(lanes)
        lanes.request_survey()
        await _read_all(lanes)
        assert turns.choose(context.now(), LIMIT) is None
    # Once its attempt has ended without an outcome it is due as before.
    lane.finish(due, None)
    turns.finish(lane, due.id)
    lanes.refill(lane)
    await _read_all(lanes)
    again = turns.choose(context.now(), LIMIT)
    assert again is not None
    assert again.take_next().id == due.id


async def test_while_a_failure_is_read_its_endpoint_does_not_count_as_well(context: Context, org: str) -> None:
    endpoint, _ = await subscribe(context, org, _URL)
    lanes = EndpointQueues(context, new_scheduler(8))
    await happen(context, org)
    await _read_all(lanes)
    assert lanes.is_healthy(endpoint)
    (due,) = await context.database.read(lambda snapshot: deliveries.list_due(snapshot, endpoint, context.now(), 1, ()))
    attempt = failed(due.id, AttemptOutcome.HTTP_ERROR)
    await service.record_attempts(
        context, [FinishedAttempt(due_delivery=due, org_id="", endpoint_id=endpoint, attempt=attempt)]
    )
    reading = asyncio.create_task(_read_all(lanes))
    while not reading.done():
        assert not lanes.is_healthy(endpoint)
        await asyncio.sleep(0)
    await reading
    assert not lanes.is_healthy(endpoint)


async def _half_empty(context: Context, org: str) -> tuple[EndpointQueues, EndpointQueue]:
    """The queue of one endpoint, of whose 200 deliveries 64 were read and 20 of these are left."""
    endpoint, _ = await subscribe(context, org, _URL)
    await backlog(context, org, endpoint, 200)
    turns = new_scheduler(300)
    lanes = EndpointQueues(context, turns)
    await _read_all(lanes)
    lane = turns.choose(context.now(), LIMIT)
    assert lane is not None
    _drain(lanes, lane, 20)
    return lanes, lane


def _drain(lanes: EndpointQueues, lane: EndpointQueue, left: int) -> None:
    """Finish the deliveries of a queue that were read, but for so many."""
    while lane.ready_count > left:
        lane.finish(lane.take_next(), None)
        lanes.refill(lane)
