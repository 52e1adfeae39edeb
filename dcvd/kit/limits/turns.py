"""A queue in which claimants take turns."""

from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)
T = TypeVar("T")


class Turns(Generic[C, T]):
    """Hands out one item of each claimant in turn; those of one claimant in the order in which they came."""

    def __init__(self) -> None:
        self._items: OrderedDict[C, deque[T]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._items)

    def __len__(self) -> int:
        """Return how many items wait."""
        return sum(map(len, self._items.values()))

    def add(self, claimant: C, item: T) -> None:
        """Add an item behind the others of its claimant."""
        self._items.setdefault(claimant, deque()).append(item)

    def take(self) -> tuple[C, T]:
        """Take the first item of the claimant whose turn it is, who is the last to have another. Raises KeyError."""
        claimant, items = self._items.popitem(last=False)
        item = items.popleft()
        if items:
            self._items[claimant] = items
        return claimant, item

    def put_back(self, taken: Sequence[tuple[C, T]]) -> None:
        """Undo the last calls of `take`, whose results are given in their order: the first of these is next."""
        for claimant, item in reversed(taken):
            self._items.setdefault(claimant, deque()).appendleft(item)
            self._items.move_to_end(claimant, last=False)
