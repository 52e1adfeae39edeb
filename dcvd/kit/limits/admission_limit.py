"""How much of something dear one caller, and all of them together, may have done at once and a minute."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from dcvd.errors import Retryable, Throttled
from dcvd.kit.limits.sliding_window import Window

_MINUTE: Final = 60.0
_MOST_COUNTED: Final = 1_000
_AGAIN: Final = 5.0


class Turnstile:
    """Made once for each kind of work; `what` names it in sentences, in the plural."""

    def __init__(
        self,
        what: str,
        *,
        most_of_one: int,
        most_of_all: int,
        most_a_minute: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`most_a_minute` is one caller's; `monotonic` is in seconds."""
        self._what = what
        self._most_of_one = most_of_one
        self._most_of_all = most_of_all
        self._most_a_minute = most_a_minute
        self._monotonic = monotonic
        self._under_way: Counter[str] = Counter()
        self._made: dict[str, Window] = {}

    @contextmanager
    def admitted(self, caller: str) -> Iterator[None]:
        """For as long as the work takes. Raises Throttled, or Retryable where others leave no room."""
        what = self._what
        if self._under_way[caller] >= self._most_of_one:
            raise Throttled(
                f"{self._most_of_one} {what} of yours are under way; ask again when one of them is through.",
                retry_after=_AGAIN,
            )
        window = self._window(caller)
        wait = window.wait()
        if wait:
            message = f"{self._most_a_minute} {what} a minute are made for an organization; ask again later."
            raise Throttled(message, retry_after=wait)
        if self._under_way.total() >= self._most_of_all:
            message = f"So many {what} are under way that there is no room for this one; ask again in a moment."
            raise Retryable(message, code="busy", retry_after=_AGAIN)
        window.take()
        self._under_way[caller] += 1
        try:
            yield
        finally:
            self._under_way[caller] -= 1
            if not self._under_way[caller]:
                del self._under_way[caller]

    def _window(self, caller: str) -> Window:
        if caller not in self._made and len(self._made) >= _MOST_COUNTED:
            self._made = {each: window for each, window in self._made.items() if window.free() != self._most_a_minute}
        return self._made.setdefault(caller, Window(self._most_a_minute, _MINUTE, self._monotonic))
