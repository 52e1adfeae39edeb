"""Whose turn it is, without any I/O."""

from dcvd.core.webhooks.deliveries import AttemptOutcome, DueDelivery
from dcvd.delivery.endpoint_queue import EndpointQueue
from dcvd.delivery.fair_scheduler import FairScheduler
from tests.delivery.scheduling.queues import LIMIT, NOW, Monotonic, lane_of, made, new_scheduler, opened

Begun = tuple[EndpointQueue, DueDelivery]


def _begin(turns: FairScheduler, slots: int = 1) -> list[Begun]:
    """Fill up to so many slots."""
    begun: list[Begun] = []
    while len(begun) < slots and (lane := turns.choose(NOW, LIMIT)) is not None:
        delivery = lane.take_next()
        turns.start(lane, delivery.id)
        begun.append((lane, delivery))
    return begun


def _end(turns: FairScheduler, begun: Begun, ms: int = 5, outcome: AttemptOutcome = AttemptOutcome.DELIVERED) -> None:
    lane, delivery = begun
    lane.finish(delivery, made(delivery.id, outcome, ms=ms))
    turns.finish(lane, delivery.id)


def _lanes(
    count: int, ready: int, org_id: str, *, brisk: bool = True, url: str = "https://hooks.example.com/"
) -> list[EndpointQueue]:
    clock = Monotonic()
    return [
        lane_of(f"wh_{org_id}_{number}", ready, org_id, brisk=brisk, clock=clock, url=url) for number in range(count)
    ]


def _offer(turns: FairScheduler, *lanes: EndpointQueue) -> None:
    for lane in lanes:
        turns.offer(lane)


def test_organizations_take_turns_and_within_each_its_endpoints() -> None:
    turns = new_scheduler(64)
    big, small = _lanes(3, 4, "big"), _lanes(1, 4, "small")
    _offer(turns, *big, *small)
    order = [lane.endpoint_id for lane, _ in _begin(turns, 8)]
    assert order == [
        "wh_big_0", "wh_small_0", "wh_big_1", "wh_small_0", "wh_big_2", "wh_small_0", "wh_big_0", "wh_small_0",
    ]  # fmt: skip


def test_a_flooded_endpoint_does_not_come_before_another_more_than_once() -> None:
    turns = new_scheduler(64)
    clock = Monotonic()
    flooded = lane_of("wh_flooded", 1000, "org", clock=clock)
    other = lane_of("wh_other", 1, "org", clock=clock)
    _offer(turns, flooded)
    _begin(turns, 3)
    _offer(turns, other)
    assert "wh_other" in [lane.endpoint_id for lane, _ in _begin(turns, 2)]


def test_the_unknown_hold_three_quarters_of_the_slots_and_an_organization_three_quarters_of_what_others_leave() -> None:
    turns = new_scheduler(64)
    _offer(turns, *_lanes(300, 8, "dripping", brisk=False))
    assert len(_begin(turns, 64)) == 36
    _offer(turns, *_lanes(300, 8, "unknown", brisk=False))
    assert len(_begin(turns, 64)) == 9
    _offer(turns, *_lanes(300, 8, "third", brisk=False))
    assert len(_begin(turns, 64)) == 2
    _offer(turns, *_lanes(300, 8, "fourth", brisk=False))
    assert len(_begin(turns, 64)) == 1
    healthy = _lanes(4, 8, "healthy")
    _offer(turns, *healthy)
    assert len(_begin(turns, 16)) == 16


def test_in_the_smallest_pool_something_slow_can_still_be_sent() -> None:
    turns = new_scheduler(1)
    _offer(turns, *_lanes(2, 1, "slow", brisk=False))
    assert len(_begin(turns, 1)) == 1


def test_a_lane_that_waited_for_a_slow_slot_gets_the_next_one() -> None:
    turns = new_scheduler(4)
    lanes = _lanes(5, 1, "slow", brisk=False)
    _offer(turns, *lanes)
    begun = _begin(turns, 4)
    assert len(begun) == 2
    seen = [lane.endpoint_id for lane, _ in begun]
    while begun:
        _end(turns, begun.pop(0), ms=5000, outcome=AttemptOutcome.TIMEOUT)
        more = _begin(turns, 2)
        seen += [lane.endpoint_id for lane, _ in more]
        begun += more
    assert sorted(seen) == sorted(lane.endpoint_id for lane in lanes)


def test_a_slow_slot_is_not_lost_to_a_parked_lane_that_has_no_use_for_it() -> None:
    turns = new_scheduler(1)
    first, disabled, waiting = _lanes(3, 1, "slow", brisk=False)
    _offer(turns, first, disabled, waiting)
    (begun,) = _begin(turns)
    assert turns.choose(NOW, LIMIT) is None
    disabled.apply_settings(opened(disabled.endpoint_id, "slow", enabled=False))
    _end(turns, begun, ms=5000)
    assert [lane.endpoint_id for lane, _ in _begin(turns)] == [waiting.endpoint_id]


def test_a_slow_slot_is_not_lost_to_a_parked_lane_that_is_paused_or_has_nothing_ready_any_more() -> None:
    turns = new_scheduler(1)
    first, paused, emptied, waiting = _lanes(4, 1, "slow", brisk=False)
    _offer(turns, first, paused, emptied, waiting)
    (begun,) = _begin(turns)
    assert turns.choose(NOW, LIMIT) is None
    paused.apply_settings(opened(paused.endpoint_id, "slow", paused_until=NOW + 1000))
    emptied.clear_ready()
    _end(turns, begun, ms=5000)
    assert [lane.endpoint_id for lane, _ in _begin(turns)] == [waiting.endpoint_id]
    assert turns.postponed_queues == [paused]


def test_a_parked_lane_that_turns_out_to_be_brisk_waits_no_longer() -> None:
    turns = new_scheduler(8)
    (lane,) = _lanes(1, 20, "a", brisk=False)
    _offer(turns, lane)
    begun = _begin(turns, 8)
    assert len(begun) == 4
    _end(turns, begun[0], ms=5)
    # Without a place among the slow it has as much as any endpoint may have.
    assert [taken.endpoint_id for taken, _ in _begin(turns, 8)] == ["wh_a_0"] * (LIMIT - 3)


def test_a_lane_is_offered_once_however_often_it_is_offered() -> None:
    turns = new_scheduler(8)
    (lane,) = _lanes(1, 1, "a")
    _offer(turns, lane, lane, lane)
    assert len(_begin(turns, 8)) == 1
    assert not turns.has_queues


def test_a_lane_that_is_able_later_is_handed_over_to_be_planned() -> None:
    turns = new_scheduler(8)
    (lane,) = _lanes(1, 1, "a")
    lane.apply_settings(opened(lane.endpoint_id, "a", paused_until=NOW + 1000))
    _offer(turns, lane)
    assert turns.choose(NOW, LIMIT) is None
    assert turns.postponed_queues == [lane]
    assert not lane.is_scheduled


def test_an_organization_that_is_alone_may_have_every_slot() -> None:
    turns = new_scheduler(16)
    _offer(turns, *_lanes(10, 4, "only"))
    assert len(_begin(turns, 16)) == 16


def test_one_slot_in_eight_is_left_to_the_other_organizations_however_brisk_its_endpoints_were() -> None:
    turns = new_scheduler(16)
    first = _lanes(1, 1, "other")
    _offer(turns, *first)
    (begun,) = _begin(turns, 1)
    _end(turns, begun)
    _offer(turns, *_lanes(10, 4, "greedy"))
    assert len(_begin(turns, 16)) == 14
    _offer(turns, *_lanes(3, 1, "other"))
    assert [lane.org_id for lane, _ in _begin(turns, 2)] == ["other", "other"]


def test_what_is_under_way_to_a_removed_endpoint_still_ends_for_its_organization() -> None:
    turns = new_scheduler(8)
    _offer(turns, *_lanes(1, 1, "other"))
    _end(turns, _begin(turns, 1)[0])
    for number in range(7):
        (lane,) = _lanes(1, 1, f"{number}", brisk=True)
        lane.apply_settings(opened("wh_gone", "org"))
        _offer(turns, lane)
        (begun,) = _begin(turns, 1)
        lane.apply_settings(None)
        _end(turns, begun)
    last = lane_of("wh_last", 1, "org", clock=Monotonic())
    _offer(turns, last)
    assert len(_begin(turns, 1)) == 1


def test_a_hundred_endpoints_at_one_origin_are_not_called_at_once() -> None:
    turns = new_scheduler(64, origin_limit=16)
    _offer(turns, *_lanes(100, 8, "amplifier", brisk=False))
    begun = _begin(turns, 64)
    assert len(begun) == 12
    assert not turns.has_queues  # those that wait cost nothing until an attempt ends
    _offer(turns, *_lanes(100, 8, "other", brisk=False))
    assert len(_begin(turns, 64)) == 4
    elsewhere = _lanes(1, 3, "amplifier", brisk=False, url="https://elsewhere.example.com/")
    _offer(turns, *elsewhere)
    assert [lane.endpoint_id for lane, _ in _begin(turns, 64)] == [elsewhere[0].endpoint_id] * 3
    _end(turns, begun[0], ms=5000)
    assert [lane.org_id for lane, _ in _begin(turns, 64)] == ["amplifier"]


def test_an_origin_that_answers_soon_is_called_four_times_as_often_and_no_more() -> None:
    turns = new_scheduler(64, origin_limit=4)
    _offer(turns, *_lanes(100, 8, "big"))
    begun = _begin(turns, 64)
    assert len(begun) == 16
    small = _lanes(1, 1, "small")
    _offer(turns, *small)
    assert turns.choose(NOW, LIMIT) is None
    _end(turns, begun[0])
    _end(turns, begun[1])
    assert small[0].endpoint_id in [lane.endpoint_id for lane, _ in _begin(turns, 64)]


def test_an_endpoint_that_moves_to_another_origin_waits_for_its_old_one_no_longer() -> None:
    turns = new_scheduler(64, origin_limit=1)
    first, moving = _lanes(2, 1, "org", brisk=False)
    _offer(turns, first, moving)
    assert [lane.endpoint_id for lane, _ in _begin(turns, 64)] == [first.endpoint_id]
    moving.apply_settings(opened(moving.endpoint_id, "org", url="https://HOOKS.example.com:8443/"))
    _offer(turns, moving)
    assert [lane.endpoint_id for lane, _ in _begin(turns, 64)] == [moving.endpoint_id]


def test_a_slot_of_an_origin_is_not_lost_to_a_lane_that_has_no_use_for_it() -> None:
    turns = new_scheduler(64, origin_limit=1)
    first, paused, emptied, waiting = _lanes(4, 1, "org", brisk=False)
    _offer(turns, first, paused, emptied, waiting)
    (begun,) = _begin(turns, 64)
    paused.apply_settings(opened(paused.endpoint_id, "org", paused_until=NOW + 1000))
    emptied.clear_ready()
    _end(turns, begun, ms=5000)
    assert [lane.endpoint_id for lane, _ in _begin(turns, 64)] == [waiting.endpoint_id]
