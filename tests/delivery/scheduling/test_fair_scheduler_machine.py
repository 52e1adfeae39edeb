"""Nothing is ever forgotten: whatever happens to lanes, a free slot goes to one that is able, and in the end all is
taken."""

from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dcvd.core.webhooks.deliveries import AttemptOutcome, DueDelivery
from dcvd.delivery.endpoint_queue import EndpointQueue, Readiness
from dcvd.kit.egress.guard import find_origin
from tests.delivery.scheduling.queues import LIMIT, NOW, Monotonic, due, lane_of, made, new_scheduler, opened
from tests.examples import examples

_ORGS = ("org_a", "org_b", "org_c")
_URLS = ("https://hooks.example.com/", "https://other.example.com/")


class TurnsMachine(RuleBasedStateMachine):
    """Plays the pool: what changes a lane offers it, as `Lanes` does, and every free slot is filled at once."""

    lanes: list[EndpointQueue]

    @initialize(slots=st.integers(1, 12), count=st.integers(1, 8), origin_limit=st.integers(1, 4))
    def begin(self, slots: int, count: int, origin_limit: int) -> None:
        self.clock = Monotonic()
        self.now = NOW
        self.slots = slots
        self.turns = new_scheduler(slots, origin_limit, self.clock)
        self.origin_limit = origin_limit
        self.lanes = [
            lane_of(f"wh_{number}", 0, _ORGS[number % len(_ORGS)], brisk=False, clock=self.clock, url=_URLS[0])
            for number in range(count)
        ]
        self.under_way: list[tuple[EndpointQueue, DueDelivery, bool, str]] = []
        self.owed: set[str] = set()
        self.planned: set[str] = set()
        self.known: set[str] = set()

    def _offer(self, lane: EndpointQueue) -> None:
        """Something is ready, and from then on its organization counts as one that shares the slots."""
        if lane.ready_count:
            self.known.add(lane.org_id)
        self.turns.offer(lane)

    def _attempts_of(self, org_id: str) -> int:
        return sum(lane.org_id == org_id for lane, _, _, _ in self.under_way)

    @property
    def _most(self) -> int:
        """What one organization may have under way: one that is not alone leaves one in eight, at least one."""
        return self.slots if len(self.known) <= 1 or self.slots == 1 else self.slots - max(self.slots // 8, 1)

    def _fill(self) -> None:
        while len(self.under_way) < self.slots:
            lane = self.turns.choose(self.now, LIMIT)
            while self.turns.postponed_queues:
                self.planned.add(self.turns.postponed_queues.pop().endpoint_id)
            if lane is None:
                return
            assert lane.get_readiness(self.now, LIMIT) is Readiness.READY
            assert self._attempts_of(lane.org_id) < self._most, f"{lane.org_id} takes the others' reserve"
            delivery = lane.take_next()
            self.owed.remove(delivery.id)
            self.under_way.append((lane, delivery, lane.is_fast, lane.origin))
            self.turns.start(lane, delivery.id)

    def _ring(self) -> None:
        for lane in self.lanes:
            if lane.endpoint_id in self.planned:
                self.planned.remove(lane.endpoint_id)
                self._offer(lane)
        self._fill()

    @rule(which=st.integers(0), count=st.integers(1, 5))
    def more_is_due(self, which: int, count: int) -> None:
        lane = self.lanes[which % len(self.lanes)]
        if lane.is_stale:
            return
        fresh = due(count)
        self.owed |= {delivery.id for delivery in fresh}
        lane.add(fresh)
        self._offer(lane)
        self._fill()

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0), ms=st.sampled_from([3, 5000]), answers=st.booleans())
    def an_attempt_ends(self, which: int, ms: int, answers: bool) -> None:
        lane, delivery, _, _ = self.under_way.pop(which % len(self.under_way))
        outcome = AttemptOutcome.DELIVERED if answers else AttemptOutcome.TIMEOUT
        lane.finish(delivery, made(delivery.id, outcome, ms=ms))
        self.turns.finish(lane, delivery.id)
        self._fill()

    @rule(which=st.integers(0))
    def its_settings_change(self, which: int) -> None:
        self.lanes[which % len(self.lanes)].is_stale = True

    @rule(
        which=st.integers(0),
        pause=st.sampled_from([None, 400]),
        rate=st.sampled_from([None, 2]),
        on=st.booleans(),
        url=st.sampled_from(_URLS),
    )
    def its_settings_are_read(self, which: int, pause: int | None, rate: int | None, on: bool, url: str) -> None:
        lane = self.lanes[which % len(self.lanes)]
        again = [delivery_id for delivery_id in lane.known_ids if delivery_id not in lane.in_flight]
        self.owed -= set(again)
        lane.clear_ready()
        fresh = due(len(again))
        self.owed |= {delivery.id for delivery in fresh}
        until = None if pause is None else self.now + pause
        lane.apply_settings(opened(lane.endpoint_id, lane.org_id, rate=rate, paused_until=until, enabled=on, url=url))
        lane.is_stale = False
        lane.add(fresh)
        self._offer(lane)
        self._fill()

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.5]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds
        self.now += round(seconds * 1000)
        self._ring()

    @invariant()
    def a_free_slot_means_that_no_lane_is_able(self) -> None:
        if len(self.under_way) == self.slots:
            return
        held = [lane.org_id for lane, _, brisk, _ in self.under_way if not brisk]
        for lane in self.lanes:
            if lane.endpoint_id in self.planned or lane.get_readiness(self.now, LIMIT) is not Readiness.READY:
                continue
            if self._attempts_of(lane.org_id) >= self._most:
                continue
            if not self._origin_has_room(lane):
                continue
            assert not lane.is_fast, f"{lane.endpoint_id} is able, and a slot is free"
            assert not self._slow_has_room(held, lane.org_id), f"{lane.endpoint_id} is able, and a slot is free"

    @property
    def _slow_slots(self) -> int:
        return max(int(self.slots * 0.75), min(self.slots, 2))

    def _slow_has_room(self, held: list[str], org_id: str) -> bool:
        left = self._slow_slots - len(held) + held.count(org_id)
        return len(held) < self._slow_slots and held.count(org_id) < max(int(left * 0.75), 1)

    def _origin_has_room(self, lane: EndpointQueue) -> bool:
        at_origin = [(other.org_id, brisk) for other, _, brisk, origin in self.under_way if origin == lane.origin]
        slow = [org_id for org_id, brisk in at_origin if not brisk]
        share = max(int(self.origin_limit * 0.75), 1)
        if len(at_origin) >= 4 * self.origin_limit:
            return False
        return lane.is_fast or (len(slow) < self.origin_limit and slow.count(lane.org_id) < share)

    @invariant()
    def no_origin_has_more_under_way_than_it_may(self) -> None:
        for url in _URLS:
            at_origin = [brisk for *_, brisk, origin in self.under_way if origin == find_origin(url)]
            assert len(at_origin) <= 4 * self.origin_limit
            assert at_origin.count(False) <= self.origin_limit

    @invariant()
    def the_slow_hold_no_more_than_their_share(self) -> None:
        held = [lane.org_id for lane, _, brisk, _ in self.under_way if not brisk]
        assert len(held) <= self._slow_slots
        assert all(held.count(org_id) <= max(int(self._slow_slots * 0.75), 1) for org_id in _ORGS)

    def teardown(self) -> None:
        if not hasattr(self, "turns"):
            return
        for number in range(len(self.lanes)):
            self.its_settings_are_read(number, None, None, True, _URLS[0])
        while self.under_way:
            self.time_passes(1.5)
            self.an_attempt_ends(0, 5000, False)
        assert not self.owed
        super().teardown()


TurnsMachine.TestCase.settings = examples(1, stateful_step_count=40, suppress_health_check=[HealthCheck.too_slow])

test_a_free_slot_goes_to_a_lane_that_is_able_and_all_is_taken_in_the_end = TurnsMachine.TestCase
