"""Each endpoint may have a schedule of its own, and a change of it counts for what waits already."""

import pytest

from dcvd.core.events import EventType
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND
from dcvd.core.retry_delays import MAX_JITTER
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.services import clock_skew
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints, replays
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.services.webhooks.endpoint_ordering import follow_schedule
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store.engine.transactions import Topic
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.webhooks.attempts import due, endpoint_now, failed, happen, owed, states, subscribed


@pytest.fixture
async def endpoint(context: Context, organization: Organization) -> Endpoint:
    context.random_fraction = lambda: 0.0
    return await subscribed(context, organization.id)


async def _give(context: Context, endpoint: Endpoint, *delays: str, batch_size: int = 500) -> None:
    """A schedule of its own; without delays, that of the operator."""
    change = EndpointChange(retry_schedule=list(delays) or None)
    await endpoints.change(context, endpoint.org_id, endpoint.id, change, batch_size=batch_size)


async def _fail(context: Context, endpoint: Endpoint, times: int, clock: ManualClock) -> None:
    """What is owed fails so often, each time when it is due; no more than a moment passes after the last."""
    for number in range(times):
        if number:
            (planned,) = {one.next_attempt_at for one in await owed(context, endpoint)}
            assert planned is not None
            clock.set(max(planned, clock.now()))
        found = await due(context, endpoint)
        assert found
        await record_attempts(context, [failed(endpoint, one, at=clock.now() - 12) for one in found])


async def _waits_s(context: Context, endpoint: Endpoint, clock: ManualClock) -> float:
    """The seconds until the only delivery is due."""
    (one,) = await owed(context, endpoint)
    assert one.next_attempt_at is not None
    return (one.next_attempt_at - clock.now()) / SECOND


def _within(delay_s: float) -> object:
    """The delay, and jitter."""
    return pytest.approx(delay_s * (1 + MAX_JITTER / 2), rel=MAX_JITTER / 2)


async def test_the_attempts_to_an_endpoint_and_their_end_follow_its_own_schedule(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    other = await subscribed(context, endpoint.org_id)
    await _give(context, endpoint, "1m", "7s", "3h")
    await happen(context, endpoint.org_id)
    assert await _waits_s(context, endpoint, clock) == 60
    assert await _waits_s(context, other, clock) == 0
    clock.advance(MINUTE)
    await _fail(context, endpoint, 1, clock)
    assert await _waits_s(context, endpoint, clock) == 7
    clock.advance(7 * SECOND)
    await _fail(context, endpoint, 1, clock)
    assert await _waits_s(context, endpoint, clock) == 3 * 3600
    clock.advance(3 * HOUR)
    await _fail(context, endpoint, 1, clock)
    assert await states(context, endpoint) == ["dead"]
    (dead,) = await owed(context, endpoint)
    assert dead.attempts == 3
    await replays.retry(context, endpoint.org_id, dead.id)
    await _fail(context, endpoint, 3, clock)
    assert await states(context, endpoint) == ["dead"]
    assert (await owed(context, endpoint))[0].attempts == 6


async def test_a_shorter_delay_counts_from_the_last_attempt_on_and_null_brings_back_that_of_the_operator(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await happen(context, endpoint.org_id)
    await _fail(context, endpoint, 6, clock)
    assert await _waits_s(context, endpoint, clock) == 4 * 3600
    clock.advance(10 * MINUTE)
    await _give(context, endpoint, *["0s"] * 6, "1h")
    assert 3000 <= await _waits_s(context, endpoint, clock) <= 3000 + 720
    await _give(context, endpoint)
    assert 13_800 <= await _waits_s(context, endpoint, clock) <= 13_800 + 2880
    await _give(context, endpoint, *["0s"] * 6, "9m")
    assert await _waits_s(context, endpoint, clock) <= 48


async def test_one_that_has_made_more_attempts_than_a_new_schedule_has_gets_one_more_and_is_then_a_dead_letter(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await happen(context, endpoint.org_id)
    await _fail(context, endpoint, 6, clock)
    await _give(context, endpoint, "0s", "30s")
    assert await states(context, endpoint) == ["pending"], "a change by itself loses nothing"
    assert await _waits_s(context, endpoint, clock) == _within(30)
    clock.advance(MINUTE)
    await _fail(context, endpoint, 1, clock)
    (dead,) = await owed(context, endpoint)
    assert (dead.state, dead.attempts) == ("dead", 7)


async def test_a_longer_schedule_gives_what_waits_the_attempts_that_it_has_more(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await _give(context, endpoint, "0s", "1m")
    await happen(context, endpoint.org_id)
    await _fail(context, endpoint, 1, clock)
    await _give(context, endpoint, "0s", "5m", "10m", "1d")
    assert await _waits_s(context, endpoint, clock) == _within(300)
    clock.advance(HOUR)
    await _fail(context, endpoint, 3, clock)
    assert await states(context, endpoint) == ["dead"]
    assert (await owed(context, endpoint))[0].attempts == 4


async def test_an_attempt_in_flight_during_the_change_is_followed_by_the_new_schedule(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await happen(context, endpoint.org_id)
    (in_flight,) = await due(context, endpoint)
    await _give(context, endpoint, "0s", "11m")
    await record_attempts(context, [failed(endpoint, in_flight)])
    assert await _waits_s(context, endpoint, clock) == 660


async def test_what_is_due_already_or_put_off_by_retry_after_or_waits_for_an_earlier_one_stays_as_it_is(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await happen(context, endpoint.org_id, domain="dom_a")
    await happen(context, endpoint.org_id, domain="dom_a")
    await happen(context, endpoint.org_id, domain="dom_b")
    put_off, due_now = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, put_off, retry_after_ms=2 * HOUR)])
    before = [one.next_attempt_at for one in await owed(context, endpoint)]
    assert before == [clock.now() + 2 * HOUR, None, clock.now()]
    await _give(context, endpoint, "1h", "1s")
    assert [one.next_attempt_at for one in await owed(context, endpoint)] == before
    assert [one.id for one in await due(context, endpoint)] == [due_now.id]


async def test_a_first_attempt_that_is_not_due_yet_is_planned_again_from_the_event_on(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await _give(context, endpoint, "2h", "1m")
    await happen(context, endpoint.org_id)
    clock.advance(10 * MINUTE)
    await _give(context, endpoint, "15m", "1m")
    assert 300 <= await _waits_s(context, endpoint, clock) <= 300 + 180
    await _give(context, endpoint, "5m", "1m")
    assert await _waits_s(context, endpoint, clock) == 0


@pytest.mark.parametrize("delays", [("0s", "30m"), ("0s", "1s"), ("0s", "10s")])
async def test_many_are_planned_again_in_batches_each_to_the_right_instant_and_the_pool_is_told(
    context: Context, endpoint: Endpoint, clock: ManualClock, delays: tuple[str, ...]
) -> None:
    ended_at: dict[str, int] = {}
    for number in range(30):
        await happen(context, endpoint.org_id, EventType.DOMAIN_ACTIVE, domain=f"dom_{number}")
        (one,) = [each for each in await due(context, endpoint) if each.domain_id == f"dom_{number}"]
        clock.advance(100)
        await record_attempts(context, [failed(endpoint, one, at=clock.now() - 12)])
        ended_at[one.id] = clock.now()
    woken: list[str] = []
    context.database.subscribe(Topic.DELIVERIES, woken.append)
    await _give(context, endpoint, *delays, batch_size=3)
    assert endpoint.id in woken
    delay = {"30m": 30 * MINUTE, "1s": SECOND, "10s": 10 * SECOND}[delays[1]]
    for each in await owed(context, endpoint):
        assert each.next_attempt_at is not None
        earliest = max(ended_at[each.id] + delay, clock.now())
        assert earliest <= each.next_attempt_at <= max(ended_at[each.id] + delay * (1 + MAX_JITTER), clock.now())
    before = [each.next_attempt_at for each in await owed(context, endpoint)]
    await follow_schedule(context, endpoint.id, batch_size=7)
    assert [each.next_attempt_at for each in await owed(context, endpoint)] == before


async def test_a_wait_of_six_days_and_its_pause_are_plans_that_no_wrong_clock_made(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    other = await subscribed(context, endpoint.org_id)
    await _give(context, endpoint, "0s", "6d")
    await happen(context, endpoint.org_id)
    (one,) = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, one, 503)])
    pause = (await endpoint_now(context, endpoint)).health.paused_until
    assert pause is not None
    await clock_skew.repair_clock_skew(context)
    assert await _waits_s(context, endpoint, clock) == 6 * 86_400
    assert (await endpoint_now(context, endpoint)).health.paused_until == pause
    # One without a schedule of its own cannot have been planned for so late.
    clock.advance(6 * DAY)
    (theirs,) = await due(context, other)
    await record_attempts(context, [failed(other, theirs)])
    clock.advance(-6 * DAY)
    await clock_skew.repair_clock_skew(context)
    assert await _waits_s(context, other, clock) == 0
    assert await _waits_s(context, endpoint, clock) == 6 * 86_400
