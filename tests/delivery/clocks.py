"""A clock that agrees with those of receivers, as far as a test wants."""

from tests.manual_clock import RealClock


class Shifted(RealClock):
    """The system's clock, `ahead` milliseconds ahead."""

    ahead = 0

    def now(self) -> int:
        return super().now() + self.ahead
