"""Limit the requests in any window of time as Cloudflare's API does, and report that in the headers."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping

from dcvd.sandbox.http.envelope import RATE_LIMIT_HEADERS


class RateLimit:
    """A sliding window; refused requests do not count. Without a limit (0) the headers always show a free window."""

    def __init__(self, requests: int, window_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.refused_count = 0
        self._requests = requests
        self._window_s = window_s
        self._monotonic = monotonic
        self._admission_times_s: deque[float] = deque()

    def admit(self) -> bool:
        """Whether one more request is admitted now; if so, count it."""
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
        """Build the headers of an answer; a refusal also says after how many seconds to try again."""
        if not self._requests:
            return RATE_LIMIT_HEADERS
        remaining = self._requests - len(self._admission_times_s)
        oldest = self._admission_times_s[0] if self._admission_times_s else self._monotonic()
        reset = max(math.ceil(oldest + self._window_s - self._monotonic()), 1)
        headers = {
            "Ratelimit": f'"default";r={remaining};t={reset}',
            "Ratelimit-Policy": f'"default";q={self._requests};w={math.ceil(self._window_s)}',
        }
        return {**headers, "Retry-After": str(reset)} if is_refusal else headers
