"""Who gets the next free slot: the lanes share the slots, so that none starves another. No I/O."""

from collections import Counter
from collections.abc import Collection
from typing import Final

from dcvd.core.lifecycle.schedule import Lane

_WEIGHTS: Final = {Lane.WAITING: 4, Lane.ROUTINE: 2, Lane.FAILING: 1}
"""In which proportion the lanes hold slots when all of them have more to do than there are."""
_KEPT: Final = 8
"""One slot of so many is never lent out: whoever waits finds one at once, also while all looks take long."""
_FAILING_PART: Final = 4
"""A failing domain holds its slot until something times out; together they get one slot of so many at most."""


class Turns:
    """Gives out `slots`. A lane with nothing to do leaves its share to the others.

    With fewer than four slots the proportions hold over time, because there is nothing to divide.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._held: Counter[Lane] = Counter()
        self._served: dict[Lane, float] = dict.fromkeys(Lane, 0.0)

    @property
    def free(self) -> int:
        """Slots that nobody holds."""
        return self._slots - self._held.total()

    def room(self, lane: Lane) -> int:
        """How many more slots a lane could hold, if the others took none."""
        held = self._held
        lent = self._slots - self._slots // _KEPT
        match lane:
            case Lane.WAITING:
                return self.free
            case Lane.ROUTINE:
                return min(self.free, lent - held[Lane.ROUTINE] - held[Lane.FAILING])
            case Lane.FAILING:
                most = max(self._slots // _FAILING_PART, 1)
                return min(self.free, most - held[lane], lent - held[Lane.ROUTINE] - held[Lane.FAILING])

    def next(self, ready: Collection[Lane]) -> Lane | None:
        """Which of the lanes that have something ready is to start one now; None when none of them may."""
        able = [lane for lane in ready if self.room(lane) > 0]
        if not able:
            return None
        return min(able, key=lambda lane: (self._held[lane] / _WEIGHTS[lane], self._served[lane], lane))

    def take(self, lane: Lane) -> None:
        """A lane starts something."""
        # A lane that had nothing to do for long has not saved up turns.
        latest = max(self._served.values())
        self._served[lane] = max(self._served[lane], latest - 1.0) + 1 / _WEIGHTS[lane]
        self._held[lane] += 1

    def give_back(self, lane: Lane) -> None:
        """What a lane had started has ended."""
        self._held[lane] -= 1
