"""One endpoint's lane: how much may be under way, and when more may start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.http.exchanges import OwnFault
from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.delivery.endpoint_queue import LONG_HOLD_S, Readiness
from tests.delivery.scheduling.queues import LIMIT, NOW, Monotonic, due, lane_of, made, opened


def test_no_more_than_the_limit_is_under_way_to_one_endpoint() -> None:
    lane = lane_of("wh_1", 20, clock=Monotonic())
    taken = []
    while lane.get_readiness(NOW, LIMIT) is Readiness.READY:
        taken.append(lane.take_next())
    assert len(taken) == LIMIT
    assert lane.in_flight == {delivery.id for delivery in taken}
    lane.finish(taken[0], made(taken[0].id))
    assert lane.get_readiness(NOW, LIMIT) is Readiness.READY


@pytest.mark.parametrize(("limit", "quarter"), [(8, 2), (4, 1), (2, 1), (1, 1)])
def test_an_endpoint_that_did_not_answer_gets_a_quarter_until_it_answers(limit: int, quarter: int) -> None:
    lane = lane_of("wh_1", 20, clock=Monotonic())
    first = lane.take_next()
    lane.finish(first, made(first.id, AttemptOutcome.TIMEOUT, ms=5000))
    taken = []
    while lane.get_readiness(NOW, limit) is Readiness.READY:
        taken.append(lane.take_next())
    assert len(taken) == quarter
    # Any answer shows that somebody is there, also one that is no success.
    lane.finish(taken[0], made(taken[0].id, AttemptOutcome.HTTP_ERROR))
    while lane.get_readiness(NOW, limit) is Readiness.READY:
        taken.append(lane.take_next())
    assert len(lane.in_flight) == limit


def test_what_was_not_attempted_says_nothing_of_the_endpoint() -> None:
    lane = lane_of("wh_1", 2, brisk=True, clock=Monotonic())
    expired = lane.take_next()
    lane.finish(expired, None)
    assert lane.is_fast
    assert lane.is_responsive
    assert not lane.in_flight


@pytest.mark.parametrize(("ms", "brisk"), [(0, True), (999, True), (1000, False), (5000, False)])
def test_an_endpoint_is_brisk_when_its_last_attempt_ended_within_a_second(ms: int, brisk: bool) -> None:
    lane = lane_of("wh_1", 1, brisk=not brisk, clock=Monotonic())
    delivery = lane.take_next()
    lane.finish(delivery, made(delivery.id, ms=ms))
    assert lane.is_fast is brisk


def test_a_queue_is_not_dropped_while_its_rate_limit_counts_what_was_sent() -> None:
    clock = Monotonic()
    lane = lane_of("wh_1", 1, clock=clock)
    lane.apply_settings(opened("wh_1", rate=1))
    delivery = lane.take_next()
    lane.finish(delivery, made(delivery.id))
    clock.now += 0.9
    assert not lane.is_idle
    clock.now += 0.2
    assert lane.is_idle


def test_nothing_is_taken_while_its_settings_have_to_be_read_again() -> None:
    lane = lane_of("wh_1", 1, clock=Monotonic())
    lane.is_stale = True
    assert lane.get_readiness(NOW, LIMIT) is Readiness.BLOCKED


def test_nothing_is_taken_for_an_endpoint_that_is_disabled_or_gone() -> None:
    lane = lane_of("wh_1", 1, clock=Monotonic())
    lane.apply_settings(opened("wh_1", enabled=False))
    assert lane.get_readiness(NOW, LIMIT) is Readiness.BLOCKED
    lane.apply_settings(None)
    assert lane.get_readiness(NOW, LIMIT) is Readiness.BLOCKED


def test_a_pause_is_waited_out_to_the_millisecond() -> None:
    lane = lane_of("wh_1", 1, clock=Monotonic())
    lane.apply_settings(opened("wh_1", paused_until=NOW + 250))
    assert lane.get_readiness(NOW, LIMIT) is Readiness.LATER
    assert lane.get_wait_s(NOW) == 0.25
    assert lane.get_readiness(NOW + 249, LIMIT) is Readiness.LATER
    assert lane.get_readiness(NOW + 250, LIMIT) is Readiness.READY


@given(
    rates=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    steps=st.lists(st.floats(0.01, 1.5), min_size=1, max_size=60),
)
def test_in_no_second_more_is_taken_than_its_rate_allows_also_when_the_rate_is_changed(
    rates: list[int], steps: list[float]
) -> None:
    clock = Monotonic()
    lane = lane_of("wh_1", 0, clock=clock)
    times: list[tuple[float, int]] = []
    for number, step in enumerate(steps):
        rate = rates[number * len(rates) // len(steps)]
        lane.apply_settings(opened("wh_1", rate=rate))
        clock.now += step
        while lane.get_wait_s(NOW) == 0:
            lane.add(due(1))
            lane.finish(lane.take_next(), None)
            times.append((clock.now, rate))
    for moment, rate in times:
        assert sum(moment - 1.0 < other <= moment for other, _ in times) <= rate


def test_what_is_known_is_what_must_not_be_read_again() -> None:
    lane = lane_of("wh_1", 3, clock=Monotonic())
    under_way = lane.take_next()
    lane.cooling_down.add("dlv_resting")
    assert sorted(lane.known_ids)[:3] == sorted([under_way.id, *(lane.known_ids[:2])])
    assert len(lane.known_ids) == 4
    lane.clear_ready()
    assert sorted(lane.known_ids) == sorted([under_way.id, "dlv_resting"])


def test_the_sooner_of_two_plans_counts() -> None:
    lane = lane_of("wh_1", 0, clock=Monotonic())
    lane.plan_due(NOW + 500)
    lane.plan_due(NOW + 900)
    assert lane.next_due_at == NOW + 500
    lane.plan_due(NOW + 100)
    assert lane.next_due_at == NOW + 100


def test_a_fault_of_our_own_holds_a_lane_up_longer_each_time_and_for_a_day_at_most_without_an_attempt() -> None:
    clock = Monotonic()
    lane = lane_of("wh_1", 5, clock=clock)
    pauses = []
    while not lane.is_held_for_long:
        delivery = lane.take_next() if lane.ready_count else None
        pauses.append(lane.hold_up(1.0, OwnFault.RESOLVER))
        if delivery is not None:
            lane.finish(delivery, None)
        clock.now += pauses[-1]
    assert pauses[:5] == [1.0, 1.0, 2.0, 4.0, 8.0]
    assert max(pauses) == 30.0
    assert LONG_HOLD_S <= sum(pauses) <= LONG_HOLD_S + 60
    # From then on such faults count as attempts, until an answer shows that they are over.
    lane.add(due(2))
    first, second = lane.take_next(), lane.take_next()
    lane.finish(first, made(first.id, AttemptOutcome.TIMEOUT, ms=5000))
    assert (lane.is_held_for_long, lane.held_by) == (True, OwnFault.RESOLVER)
    lane.finish(second, made(second.id))
    assert lane.held_by is None
    assert lane.hold_up(1.0, OwnFault.NETWORK) == 1.0
