"""The rate limit of Cloudflare's API: so many requests in any window of time, and what its answers say of it."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping

from dcvd.sandbox.http.envelope import RATE_LIMIT_HEADERS


class RateLimit:
    """A sliding window; requests over the limit do not count. Without a limit (0) the headers say that all is well."""

    def __init__(self, requests: int, window_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.refused_count = 0
        self._requests = requests
        self._window_s = window_s
        self._monotonic = monotonic
        self._admission_times_s: deque[float] = deque()

    def admit(self) -> bool:
        """Whether one more request is let in now."""
        if not self._requests:
            return True
        now = self._monotonic()
        while self._admission_times_s and self._admission_times_s[0] <= now - self._window_s:
            self._admission_times_s.popleft()
        if len(self._admission_times_s) >= self._requests:
            self.refused_count += 1
            return False
        self._admission_times_s.append(now)
        return True

    def build_headers(self, *, is_refusal: bool = False) -> Mapping[str, str]:
        """Of every answer; a refusal also says after how many seconds to come again."""
        if not self._requests:
            return RATE_LIMIT_HEADERS
        left = self._requests - len(self._admission_times_s)
        oldest = self._admission_times_s[0] if self._admission_times_s else self._monotonic()
        reset = max(math.ceil(oldest + self._window_s - self._monotonic()), 1)
        told = {
            "Ratelimit": f'"default";r={left};t={reset}',
            "Ratelimit-Policy": f'"default";q={self._requests};w={math.ceil(self._window_s)}',
        }
        return {**told, "Retry-After": str(reset)} if is_refusal else told
