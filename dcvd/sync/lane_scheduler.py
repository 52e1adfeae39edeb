"""Choose the lane that gets the next free slot: the lanes share the slots, so that none starves another. No I/O.

These are not `SharedSlots`: the shares have weights, and a lane may hold what the others leave of theirs.
"""

from collections import Counter
from collections.abc import Collection
from typing import Final

from dcvd.core.lifecycle.schedule import CheckLane

_WEIGHTS: Final = {CheckLane.WAITING: 4, CheckLane.ROUTINE: 2, CheckLane.FAILING: 1}
"""The proportion in which the lanes hold slots when each of them has more work than slots."""
_RESERVE_DIVISOR: Final = 8
"""One slot in this many is for WAITING alone, so that it finds one at once even while all other checks take long."""
_FAILING_DIVISOR: Final = 4
"""A failing domain holds its slot until something times out; so FAILING gets at most one slot in this many."""


class LaneScheduler:
    """Shares `slots` among the lanes. A lane with nothing to do leaves its share to the others.

    With fewer than four slots the proportions hold over time, because slots cannot be divided.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._in_flight: Counter[CheckLane] = Counter()
        # Grows by 1/weight with each check; where lanes hold slots in proportion, the lane that is behind goes first.
        self._virtual_times: dict[CheckLane, float] = dict.fromkeys(CheckLane, 0.0)

    @property
    def free_slots(self) -> int:
        """The number of slots that no lane holds."""
        return self._slots - self._in_flight.total()

    def count_room(self, lane: CheckLane) -> int:
        """Return how many more slots a lane could hold if the others took no more."""
        in_flight = self._in_flight
        lendable = self._slots - self._slots // _RESERVE_DIVISOR
        lent_out = in_flight[CheckLane.ROUTINE] + in_flight[CheckLane.FAILING]
        match lane:
            case CheckLane.WAITING:
                return self.free_slots
            case CheckLane.ROUTINE:
                return min(self.free_slots, lendable - lent_out)
            case CheckLane.FAILING:
                limit = max(self._slots // _FAILING_DIVISOR, 1)
                return min(self.free_slots, limit - in_flight[lane], lendable - lent_out)

    def choose(self, ready_lanes: Collection[CheckLane]) -> CheckLane | None:
        """Choose which of the lanes with ready work starts a check now; None when none of them may."""
        eligible_lanes = [lane for lane in ready_lanes if self.count_room(lane) > 0]
        if not eligible_lanes:
            return None
        return min(
            eligible_lanes, key=lambda lane: (self._in_flight[lane] / _WEIGHTS[lane], self._virtual_times[lane], lane)
        )

    def start(self, lane: CheckLane) -> None:
        """Count a check that a lane starts."""
        # A lane that was idle for long does not catch up on the turns that it missed.
        latest = max(self._virtual_times.values())
        self._virtual_times[lane] = max(self._virtual_times[lane], latest - 1.0) + 1 / _WEIGHTS[lane]
        self._in_flight[lane] += 1

    def finish(self, lane: CheckLane) -> None:
        """Count a check of a lane that has ended."""
        self._in_flight[lane] -= 1
