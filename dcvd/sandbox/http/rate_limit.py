"""Limit the requests in any window of time as Cloudflare's API does, and report that in the headers."""

import math
import time
from collections.abc import Callable, Mapping

from dcvd.kit.limits.sliding_window import SlidingWindow
from dcvd.sandbox.http.envelope import RATE_LIMIT_HEADERS


class RateLimit:
    """A sliding window; refused requests do not count. Without a limit (0) the headers always show a free window."""

    def __init__(self, requests: int, window_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.refused_count = 0
        self._window = SlidingWindow(requests, window_s, monotonic)

    def admit(self) -> bool:
        """Whether one more request is admitted now; if so, count it."""
        if self._window.get_wait_s() > 0:
            self.refused_count += 1
            return False
        self._window.take()
        return True

    def build_headers(self, *, is_refusal: bool = False) -> Mapping[str, str]:
        """Build the headers of an answer; a refusal also says after how many seconds to try again."""
        window = self._window
        remaining = window.count_free()
        if remaining is None:
            return RATE_LIMIT_HEADERS
        # The seconds until one request more is left than now, or a whole window where none counts.
        reset = math.ceil(window.get_wait_s(remaining) or window.window_s)
        headers = {
            "Ratelimit": f'"default";r={remaining};t={reset}',
            "Ratelimit-Policy": f'"default";q={window.limit};w={math.ceil(window.window_s)}',
        }
        return {**headers, "Retry-After": str(reset)} if is_refusal else headers
