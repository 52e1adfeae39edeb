"""When a failed delivery is tried again, and when it is given up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.instants import HOUR, MINUTE, SECOND
from dcvd.core.webhooks.deliveries import DeliveryState, decide_next_attempt
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints as webhooks
from dcvd.services.webhooks import replays
from dcvd.services.webhooks.endpoints import EndpointChange, HeldDeliveries
from dcvd.store.webhooks import deliveries
from tests.delivery.conftest import at_work, configure
from tests.delivery.owing import happen
from tests.delivery.receivers import Gate, Receiver, in_turn, never, ok, saying
from tests.delivery.scheduling.queues import NOW, failed
from tests.delivery.views import attempted, attempts, delivered, delivery_ids, health_of, states, stored
from tests.manual_clock import ManualClock
from tests.waiting import until

_HTTP_DATE = "Fri, 15 Jan 2027 {}:00:00 GMT"


@pytest.mark.usefixtures("pool", "endpoint")
async def test_every_attempt_comes_when_the_default_schedule_says_and_not_before(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer = saying(500)
    await happen(context, org)
    delays = [0, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 4 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR]
    for number, delay in enumerate([*delays[1:], 24 * HOUR], start=1):
        await attempted(context, number)
        ((state, made_so_far, due_at, _, _, _),) = await stored(context)
        assert (state, made_so_far, due_at) == ("pending", number, clock.now() + delay)
        clock.advance(delay)
    await attempted(context, 11)
    assert await states(context) == [("dead", 11)]
    assert len(set(receiver.ids())) == 1
    assert len({request.body for request in receiver.received}) == 1
    assert len({request.headers["webhook-timestamp"] for request in receiver.received}) == 11


@pytest.mark.usefixtures("pool", "endpoint")
async def test_nothing_is_sent_a_moment_before_it_is_due(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer = in_turn(saying(500), ok)
    await happen(context, org)
    await attempted(context, 1)
    clock.advance(4_999)
    # A whole other delivery goes through meanwhile.
    await happen(context, org)
    await attempted(context, 2)
    assert len(receiver.received) == 2
    clock.advance(1)
    await attempted(context, 3)
    assert sorted(await states(context)) == [("delivered", 1), ("delivered", 2)]


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.usefixtures("pool")
async def test_a_retry_asked_for_while_an_attempt_is_under_way_is_made_at_once_if_that_attempt_fails(
    context: Context, org: str, endpoint: str, receiver: Receiver, status: int
) -> None:
    gate = Gate(saying(status))
    receiver.answer = in_turn(gate, ok)
    await happen(context, org)
    await gate.reached.wait()
    (under_way,) = await context.database.read(
        lambda snapshot: deliveries.list_due(snapshot, endpoint, context.now(), 10, ())
    )
    asked = await replays.retry(context, org, under_way.id)
    assert asked.next_attempt_at == context.now()
    # A whole other delivery goes through: what is due was read again meanwhile.
    await happen(context, org)
    await delivered(context, 1)
    assert len(receiver.received) == 2
    gate.opened.set()
    # The clock stands still: only what was asked for has it sent before its time.
    await delivered(context, 2)
    assert await states(context) == [("delivered", 1 if status == 200 else 2), ("delivered", 1)]
    assert len(receiver.received) == (2 if status == 200 else 3)


@pytest.mark.usefixtures("pool")
async def test_what_was_dropped_and_then_wanted_after_all_while_its_attempt_was_under_way_is_sent_at_once(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    gate = Gate(saying(500))
    receiver.answer = in_turn(gate, ok)
    await happen(context, org)
    await gate.reached.wait()
    (under_way,) = await context.database.read(
        lambda snapshot: deliveries.list_due(snapshot, endpoint, context.now(), 10, ())
    )
    await webhooks.change(context, org, endpoint, EndpointChange(enabled=False))
    await webhooks.change(context, org, endpoint, EndpointChange(enabled=True, replay=HeldDeliveries.NONE))
    assert await states(context) == [("dropped", 0)]
    asked = await replays.retry(context, org, under_way.id)
    assert (asked.state, asked.next_attempt_at) == (DeliveryState.PENDING, context.now())
    gate.opened.set()
    await delivered(context, 1, seconds=10)  # long before the minute's search
    assert await states(context) == [("delivered", 2)]
    assert len(receiver.received) == 2


@pytest.mark.usefixtures("endpoint")
async def test_what_was_retried_during_its_attempt_and_waits_for_an_earlier_event_after_it_has_not_ended(
    context: Context, org: str, receiver: Receiver
) -> None:
    configure(context, retry_schedule=(0,))
    gates = [Gate(saying(500)), Gate()]
    receiver.answer = in_turn(saying(500), *gates)
    metrics = Metrics()
    async with at_work(context, metrics):
        await happen(context, org, domain_id="dom_a")
        await attempted(context, 1)
        await happen(context, org, domain_id="dom_a")
        await gates[0].reached.wait()
        first_id, second_id = await delivery_ids(context)
        await replays.retry(context, org, second_id)
        await replays.retry(context, org, first_id)
        await gates[1].reached.wait()
        gates[0].opened.set()
        await attempted(context, 2)
        assert await states(context) == [("pending", 1), ("pending", 1)]
        gates[1].opened.set()
        await delivered(context, 2)

        async def is_counted() -> bool:
            return _count_ended(metrics) == {"dead": 1, "delivered": 2, "cancelled": 0}

        # They are counted once they are stored.
        await until(is_counted)


def _count_ended(metrics: Metrics) -> dict[str, float]:
    return {
        sample.labels["state"]: sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "dcvd_deliveries_ended_total"
    }


@pytest.mark.usefixtures("pool", "endpoint")
async def test_a_later_event_that_fails_after_an_earlier_one_was_put_before_it_follows_that_at_once(
    context: Context, org: str, receiver: Receiver
) -> None:
    configure(context, retry_schedule=(0, HOUR))
    later, earlier = Gate(saying(500)), Gate()
    receiver.answer = in_turn(saying(500), saying(500), later, earlier, ok)
    await happen(context, org, domain_id="dom_a")
    await attempted(context, 1)
    (first_id,) = await delivery_ids(context)
    await replays.retry(context, org, first_id)
    await attempted(context, 2)
    await happen(context, org, domain_id="dom_a")
    await later.reached.wait()
    await replays.retry(context, org, first_id)
    await earlier.reached.wait()
    later.opened.set()
    await attempted(context, 3)
    assert [(made.number, made.next_attempt_at is None) for made in await attempts(context)] == [
        (1, False),
        (1, True),
        (2, True),
    ]
    earlier.opened.set()
    await delivered(context, 2, seconds=10)  # long before the minute's search


@pytest.mark.usefixtures("pool", "endpoint")
async def test_the_history_tells_of_every_attempt_with_the_beginning_of_its_answer(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer = in_turn(saying(500), saying(404), ok)
    await happen(context, org)
    await attempted(context, 1)
    clock.advance(5_000)
    await attempted(context, 2)
    clock.advance(30_000)
    await attempted(context, 3)
    found = [(attempt.number, attempt.outcome, attempt.status_code) for attempt in await attempts(context)]
    assert found == [(1, "http_error", 500), (2, "http_error", 404), (3, "delivered", 200)]
    assert (await attempts(context))[-1].response == b"thanks"
    assert await states(context) == [("delivered", 3)]


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("3600", HOUR),
        ("1", 5 * SECOND),
        ("999999999", 6 * HOUR),
        (_HTTP_DATE.format("10"), 2 * HOUR),
        (_HTTP_DATE.format("07"), 5 * SECOND),
        (_HTTP_DATE.format("23"), 6 * HOUR),
        ("soon", 5 * SECOND),
    ],
)
@pytest.mark.usefixtures("pool", "endpoint")
async def test_retry_after_puts_the_next_attempt_off_by_at_most_six_hours_and_never_brings_it_forward(
    context: Context, org: str, receiver: Receiver, clock: ManualClock, header: str, wait: int
) -> None:
    receiver.answer = in_turn(saying(500, retry_after=header), ok)
    await happen(context, org)
    await attempted(context, 1)
    assert (await stored(context))[0].next_attempt_at == clock.now() + wait
    clock.advance(wait)
    await attempted(context, 2)
    assert await states(context) == [("delivered", 2)]


@given(
    schedule=st.lists(st.integers(0, 24 * HOUR), min_size=2, max_size=12),
    fraction=st.floats(0, 1, exclude_max=True),
    before=st.integers(0, 50),
)
def test_jitter_only_adds_and_at_most_a_fifth_and_attempts_before_do_not_count(
    schedule: list[int], fraction: float, before: int
) -> None:
    attempt = failed("dlv_1", number=before + 1)
    follows = decide_next_attempt(attempt, before, schedule, NOW, fraction)
    assert follows.state is DeliveryState.PENDING
    assert follows.next_attempt_at is not None
    assert schedule[1] <= follows.next_attempt_at - NOW <= schedule[1] * 1.2
    last = decide_next_attempt(failed("dlv_1", number=before + len(schedule)), before, schedule, NOW, fraction)
    assert last.state is DeliveryState.DEAD


@pytest.mark.usefixtures("pool", "endpoint")
async def test_the_jitter_is_really_applied(context: Context, org: str, receiver: Receiver, clock: ManualClock) -> None:
    context.random_fraction = lambda: 0.5
    receiver.answer = saying(500)
    await happen(context, org)
    await attempted(context, 1)
    assert (await stored(context))[0].next_attempt_at == clock.now() + 5_500


@pytest.mark.usefixtures("pool")
async def test_a_dead_letter_says_why_and_blames_nobody_else(
    context: Context, org: str, endpoint: str, receiver: Receiver, clock: ManualClock
) -> None:
    configure(context, retry_schedule=(0, 1000))
    receiver.answer = saying(500)
    await happen(context, org)
    await attempted(context, 1)
    clock.advance(1000)
    await attempted(context, 2)
    (found,) = await stored(context)
    assert (found.state, found.attempts, found.next_attempt_at) == ("dead", 2, None)
    assert found.last_error is not None
    assert "500" in found.last_error
    assert (await health_of(context, endpoint)).is_enabled


@pytest.mark.usefixtures("pool", "endpoint")
async def test_a_receiver_that_answers_too_late_has_failed(context: Context, org: str, receiver: Receiver) -> None:
    configure(context, timeout=100)
    receiver.answer = never
    await happen(context, org)
    await attempted(context, 1)
    assert [(attempt.outcome, attempt.status_code) for attempt in await attempts(context)] == [("timeout", None)]


@pytest.mark.usefixtures("pool", "endpoint")
async def test_a_step_of_the_clock_far_ahead_makes_due_what_it_passed_and_a_step_back_sends_nothing_twice(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer = in_turn(saying(500), ok)
    await happen(context, org)
    await attempted(context, 1)
    clock.advance(365 * 24 * HOUR)
    await attempted(context, 2)
    clock.advance(-365 * 24 * HOUR)
    await happen(context, org)
    await attempted(context, 3)
    assert sorted(await states(context)) == [("delivered", 1), ("delivered", 2)]
    assert len(receiver.received) == 3


@pytest.mark.usefixtures("pool", "endpoint")
async def test_a_firewalls_challenge_to_browsers_is_tried_again_though_it_answered_202(
    context: Context, org: str, receiver: Receiver, clock: ManualClock
) -> None:
    receiver.answer = in_turn(saying(202, x_amzn_waf_action="challenge"), ok)
    await happen(context, org)
    await attempted(context, 1)
    ((state, made_so_far, due_at, *_),) = await stored(context)
    assert (state, made_so_far, due_at) == ("pending", 1, clock.now() + 5 * SECOND)
    clock.advance(5 * SECOND)
    await delivered(context, 1)
    assert [attempt.outcome for attempt in await attempts(context)] == ["http_error", "delivered"]
