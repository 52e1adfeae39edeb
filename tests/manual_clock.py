"""Clocks for tests: one that stands still until a test moves it, and the machine's."""

from dcvd.kit.clock import SystemClock


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: int = 1_800_000_000_000) -> None:
        self._now = now
        self.is_confirmed = True

    def now(self) -> int:
        return self._now

    def confirmed_now(self) -> int | None:
        """What a test that moves the clock says is so, unless it sets `is_confirmed` otherwise."""
        return self.now() if self.is_confirmed else None

    def advance(self, milliseconds: int) -> None:
        """Move the clock; a negative number moves it back, as a real clock can."""
        self._now += milliseconds

    def set(self, instant: int) -> None:
        """Set the clock to an instant, in milliseconds since the epoch."""
        self._now = instant


class RealClock(SystemClock):
    """The machine's clock, which is right where tests run."""

    def confirmed_now(self) -> int | None:
        return self.now()


class ManualMonotonic:
    """A monotonic clock in seconds, which a test moves by setting `now`."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
