"""Who gets the next free slot: the lanes share the slots, so that none starves another. No I/O."""

from collections import Counter
from collections.abc import Collection
from typing import Final

from dcvd.core.lifecycle.schedule import CheckLane

_WEIGHTS: Final = {CheckLane.WAITING: 4, CheckLane.ROUTINE: 2, CheckLane.FAILING: 1}
"""In which proportion the lanes hold slots when all of them have more to do than there are."""
_RESERVE_DIVISOR: Final = 8
"""One slot of so many is never lent out: whoever waits finds one at once, also while all looks take long."""
_FAILING_DIVISOR: Final = 4
"""A failing domain holds its slot until something times out; together they get one slot of so many at most."""


class LaneScheduler:
    """Gives out `slots`. A lane with nothing to do leaves its share to the others.

    With fewer than four slots the proportions hold over time, because there is nothing to divide.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._in_flight: Counter[CheckLane] = Counter()
        self._virtual_times: dict[CheckLane, float] = dict.fromkeys(CheckLane, 0.0)

    @property
    def free_slots(self) -> int:
        """Slots that nobody holds."""
        return self._slots - self._in_flight.total()

    def count_room(self, lane: CheckLane) -> int:
        """How many more slots a lane could hold, if the others took none."""
        held = self._in_flight
        lent = self._slots - self._slots // _RESERVE_DIVISOR
        match lane:
            case CheckLane.WAITING:
                return self.free_slots
            case CheckLane.ROUTINE:
                return min(self.free_slots, lent - held[CheckLane.ROUTINE] - held[CheckLane.FAILING])
            case CheckLane.FAILING:
                most = max(self._slots // _FAILING_DIVISOR, 1)
                return min(self.free_slots, most - held[lane], lent - held[CheckLane.ROUTINE] - held[CheckLane.FAILING])

    def choose(self, ready_lanes: Collection[CheckLane]) -> CheckLane | None:
        """Which of the lanes that have something ready is to start one now; None when none of them may."""
        able = [lane for lane in ready_lanes if self.count_room(lane) > 0]
        if not able:
            return None
        return min(able, key=lambda lane: (self._in_flight[lane] / _WEIGHTS[lane], self._virtual_times[lane], lane))

    def start(self, lane: CheckLane) -> None:
        """A lane starts something."""
        # A lane that had nothing to do for long has not saved up turns.
        latest = max(self._virtual_times.values())
        self._virtual_times[lane] = max(self._virtual_times[lane], latest - 1.0) + 1 / _WEIGHTS[lane]
        self._in_flight[lane] += 1

    def finish(self, lane: CheckLane) -> None:
        """What a lane had started has ended."""
        self._in_flight[lane] -= 1
