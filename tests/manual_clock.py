"""A clock that stands still until a test moves it."""


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: int = 1_800_000_000_000) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def advance(self, milliseconds: int) -> None:
        """Move the clock; a negative number moves it back, as a real clock can."""
        self._now += milliseconds

    def set(self, instant: int) -> None:
        """Set the clock to an instant, in milliseconds since the epoch."""
        self._now = instant


class ManualMonotonic:
    """A monotonic clock in seconds, which a test moves by setting `now`."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
