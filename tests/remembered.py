"""Keys and instants of which one can tell whether a part still holds them: what it remembers, without a look inside."""

from weakref import ref


class _Key(str):
    """A string that can be observed."""


class _Instant(float):
    """A number that can be observed."""


class Keys:
    """Makes keys; nobody else may hold those that a test asks about."""

    def __init__(self) -> None:
        self._made: list[ref[_Key]] = []

    def make(self, text: str) -> str:
        key = _Key(text)
        self._made.append(ref(key))
        return key

    @property
    def remembered(self) -> list[str]:
        """The keys that somebody holds, in the order in which they were made."""
        return [str(key) for made in self._made if (key := made()) is not None]


class Instants:
    """A monotonic clock in seconds, which a test moves by setting `now`; it can tell who keeps what it said."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self._made: list[ref[_Instant]] = []

    def __call__(self) -> float:
        instant = _Instant(self.now)
        self._made.append(ref(instant))
        return instant

    @property
    def remembered_count(self) -> int:
        """How many of the instants that it said are held by somebody."""
        self._made = [made for made in self._made if made() is not None]
        return len(self._made)
