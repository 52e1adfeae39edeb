"""Remember values by key, for a bounded number of keys: callers, tenants and servers choose how many there are."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class RecentEntries(OrderedDict[K, V]):
    """Holds at most `max_keys` keys: beyond that, the key that was set or used least recently is forgotten.

    is_idle: whether a value may be forgotten at once. The least recent keys whose values are idle go when a new key is
    used, and with None as `max_keys` no others do.
    """

    def __init__(self, max_keys: int | None, is_idle: Callable[[V], bool] | None = None) -> None:
        super().__init__()
        self._max_keys = max_keys
        self._is_idle = is_idle

    def __setitem__(self, key: K, value: V) -> None:
        """Set a key's value, which makes it the most recent key."""
        super().__setitem__(key, value)
        self.move_to_end(key)
        if self._max_keys is not None and len(self) > self._max_keys:
            self.popitem(last=False)

    def use(self, key: K, create: Callable[[], V]) -> V:
        """Return a key's value, which makes it the most recent key; where it has none, `create` makes one."""
        value = self.get(key)
        if value is None:
            while self._is_idle is not None and self and self._is_idle(self[next(iter(self))]):
                self.popitem(last=False)
            value = self[key] = create()
        else:
            self.move_to_end(key)
        return value
