"""The rate limit of Cloudflare's API: so many requests in any window of time, and what its answers say of it."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping

from dcvd.sandbox.http.envelope import RATE_LIMIT_HEADERS


class RateLimit:
    """A sliding window; requests over the limit do not count. Without a limit (0) the headers say that all is well."""

    def __init__(self, requests: int, window: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.refused = 0
        self._requests = requests
        self._window = window
        self._clock = clock
        self._taken: deque[float] = deque()

    def take(self) -> bool:
        """Whether one more request is let in now."""
        if not self._requests:
            return True
        now = self._clock()
        while self._taken and self._taken[0] <= now - self._window:
            self._taken.popleft()
        if len(self._taken) >= self._requests:
            self.refused += 1
            return False
        self._taken.append(now)
        return True

    def headers(self, *, refused: bool = False) -> Mapping[str, str]:
        """Of every answer; a refusal also says after how many seconds to come again."""
        if not self._requests:
            return RATE_LIMIT_HEADERS
        left = self._requests - len(self._taken)
        oldest = self._taken[0] if self._taken else self._clock()
        reset = max(math.ceil(oldest + self._window - self._clock()), 1)
        told = {
            "Ratelimit": f'"default";r={left};t={reset}',
            "Ratelimit-Policy": f'"default";q={self._requests};w={math.ceil(self._window)}',
        }
        return {**told, "Retry-After": str(reset)} if refused else told
