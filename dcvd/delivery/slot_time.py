"""For how long slots of the pool were held, and who comes next by it: they are shared by time, and not by count.

An attempt of 29 seconds costs its endpoint and its organization as much as thousands that are answered at once. Those
of endpoints that are not known to be fast count while they are in flight: whoever holds many slots falls behind with
each second, and not only at their end.
"""

import itertools
from collections.abc import Callable
from heapq import heapify, heappop, heappush, heapreplace
from typing import Final, Generic, Protocol, TypeVar

_TURN_S: Final = 0.001
"""What each attempt costs beside its time, so that those who are answered at once take turns."""
MAX_LEAD_S: Final = 60.0
"""Seconds of slots by which somebody who joins may be ahead of the others: what was beyond that is forgiven."""
_MAX_STALE: Final = 16


class SlotTime:
    """The seconds for which somebody has held slots; instants are monotonic seconds.

    settled_s: those of attempts that have ended. slow_in_flight: attempts in flight that count already.
    """

    __slots__ = ("_started_sum_s", "settled_s", "slow_in_flight")

    def __init__(self) -> None:
        self.settled_s = 0.0
        self.slow_in_flight = 0
        self._started_sum_s = 0.0

    def read(self, now_s: float) -> float:
        """Return the seconds, which never become fewer by themselves."""
        if not self.slow_in_flight:
            return self.settled_s
        return self.settled_s + self.slow_in_flight * now_s - self._started_sum_s

    def start(self, now_s: float, *, is_fast: bool) -> float:
        """Count a slot that is held from now on; return the seconds before that."""
        used_s = self.settled_s if not self.slow_in_flight else self.read(now_s)
        self.settled_s += _TURN_S
        if not is_fast:
            self.slow_in_flight += 1
            self._started_sum_s += now_s
        return used_s

    def finish(self, started_s: float, now_s: float, *, is_fast: bool) -> None:
        """Count a slot as given back, which was held from `started_s` on; `is_fast` as it was given to `start`."""
        self.settled_s += now_s - started_s
        if not is_fast:
            self.slow_in_flight -= 1
            self._started_sum_s = self._started_sum_s - started_s if self.slow_in_flight else 0.0

    def join(self, floor_s: float, now_s: float) -> None:
        """Begin to wait beside others, of whom the one who came last had used `floor_s`.

        Who was idle has saved up nothing, and who used much has to wait for a minute of slots at most.
        """
        used_s = self.read(now_s)
        if used_s < floor_s:
            self.settled_s += floor_s - used_s
        elif used_s > floor_s + MAX_LEAD_S:
            self.settled_s -= used_s - floor_s - MAX_LEAD_S


class HasSlotTime(Protocol):
    """Whoever waits for slots."""

    @property
    def slot_time(self) -> SlotTime:
        """For how long it has held slots."""


T = TypeVar("T", bound=HasSlotTime)


class SlotTimeOrder(Generic[T]):
    """What waits for a slot: first whoever has held slots for the least time, and of equals the one who came first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, str]] = []
        """Seconds as they were once, which are no more than those of now, a number by arrival, and the key."""
        self._items: dict[str, tuple[int, T]] = {}
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: str) -> T | None:
        """Return what waits under a key, if anything does."""
        entry = self._items.get(key)
        return None if entry is None else entry[1]

    def add(self, key: str, item: T, now_s: float) -> None:
        """Add what does not wait yet."""
        number = next(self._numbers)
        self._items[key] = (number, item)
        heappush(self._heap, (item.slot_time.read(now_s), number, key))

    def remove(self, key: str) -> None:
        """Remove what waits under a key."""
        del self._items[key]
        if self._heap[0][2] == key:
            heappop(self._heap)
        elif len(self._heap) > 2 * len(self._items) + _MAX_STALE:
            self._heap = [entry for entry in self._heap if self._is_current(entry)]
            heapify(self._heap)

    def take_first(self, now_s: float) -> T:
        """Take the first of those that wait; there has to be one."""
        first = self._bring_up_first(now_s)
        assert first is not None, "somebody waits"
        del self._items[heappop(self._heap)[2]]
        return first

    def find_first(self, now_s: float, may_start: Callable[[str], bool]) -> T | None:
        """Find the first one whose key may start; None when there is none. It goes on waiting."""
        if len(self._items) == 1:
            ((key, (_, only)),) = self._items.items()
            return only if may_start(key) else None
        heap = self._heap
        first = self._bring_up_first(now_s)
        if first is None or may_start(heap[0][2]):
            return first
        passed = [heappop(heap)]
        while (first := self._bring_up_first(now_s)) is not None and not may_start(heap[0][2]):
            passed.append(heappop(heap))
        for entry in passed:
            heappush(heap, entry)
        return first

    def _bring_up_first(self, now_s: float) -> T | None:
        """Bring the first of the heap to its top, with its seconds of now, and return it; None when the heap is empty.

        Seconds only grow, so it is the first as soon as its own are those of now.
        """
        heap = self._heap
        while heap:
            used_s, number, key = heap[0]
            current = self._items.get(key)
            if current is None or current[0] != number:
                heappop(heap)
                continue
            slot_time = current[1].slot_time
            present_s = slot_time.read(now_s) if slot_time.slow_in_flight else slot_time.settled_s
            if present_s > used_s:
                heapreplace(heap, (present_s, number, key))
                if heap[0][1] != number:
                    continue
            return current[1]
        return None

    def _is_current(self, entry: tuple[float, int, str]) -> bool:
        current = self._items.get(entry[2])
        return current is not None and current[0] == entry[1]
