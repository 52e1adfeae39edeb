"""A clock that agrees with those of receivers, as far as a test wants."""

from dcvd.kit.clock import SystemClock


class Shifted(SystemClock):
    """The system's clock, `ahead` milliseconds ahead."""

    ahead = 0

    def now(self) -> int:
        return super().now() + self.ahead
