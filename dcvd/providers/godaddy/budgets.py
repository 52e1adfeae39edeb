"""Limit the calls to GoDaddy: 60 a minute.

Its terms of use set this limit for each endpoint, the notes of its command-line tool for each credential whatever the
endpoint; we keep to the stricter one. Other tools of the customer may use the same credential, so we also read from
the answers how many calls are left.
"""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import Final

from dcvd.core.secret import Secret
from dcvd.errors import Retryable
from dcvd.kit.http.fetch import FetchResponse
from dcvd.kit.http.json_body import read_json
from dcvd.kit.limits.recent_entries import RecentEntries
from dcvd.kit.limits.sliding_window import SlidingWindow, wait_for_turn
from dcvd.providers.record_provider import RATE_LIMITED

_MAX_CALLS_PER_MINUTE: Final = 60
_MINUTE_S: Final = 60.0
_MAX_CALLS_PER_OPERATION: Final = 20
"""The most calls of one operation: to find the zone, read two names, change them and read them again. An operation
begins only if enough calls are left to finish it; otherwise many operations at once would use up each other's calls,
and none would finish."""
_MAX_CREDENTIALS: Final = 1024
"""Credentials that are remembered; beyond that, the one that was used least recently is forgotten."""
_MAX_PAUSE_S: Final = 600.0


class GodaddyBudget:
    """The calls of one credential: each is made within `begin_call()`, and its answer is passed to `learn_from()`.

    It is not a `SlidingWindow` alone, because answers change the limit, and a call that would wait too long is refused.
    """

    def __init__(self, limit: int, window_s: float, monotonic: Callable[[], float]) -> None:
        self._configured_limit = limit
        self._monotonic = monotonic
        self._calls = SlidingWindow(limit, window_s, monotonic)
        self._operations = SlidingWindow(_operation_limit(limit), window_s, monotonic)
        self._waiting_count = 0

    async def begin_operation(self, *, max_wait_s: float) -> None:
        """Wait until an operation may begin. Raises Retryable as `begin_call` does."""
        await self._wait_for_turn(self._operations.get_wait_s, max_wait_s)
        self._operations.take()

    @asynccontextmanager
    async def begin_call(self, *, max_wait_s: float, reserve: int = 0) -> AsyncIterator[None]:
        """Wait, at most `max_wait_s` seconds, until a call may be made and `reserve` more could follow at once.

        Raises Retryable, without waiting, if that would take longer.
        """
        await self._wait_for_turn(lambda: self._calls.get_wait_s(reserve), max_wait_s)
        self._calls.begin()
        try:
            yield
        finally:
            self._calls.end()

    def learn_from(self, answer: FetchResponse) -> None:
        """Take over the limit and the pause that an answer names."""
        limit, left = _read_number(answer, "ratelimit-limit"), _read_number(answer, "ratelimit-remaining")
        if limit is not None:
            self._calls.limit = min(max(int(limit), 1), self._configured_limit)
            self._operations.limit = _operation_limit(self._calls.limit)
        if answer.status == 429:
            self._calls.pause(read_retry_after_s(answer))
        elif left == 0:
            self._calls.pause(min(_read_number(answer, "ratelimit-reset") or self._calls.window_s, _MAX_PAUSE_S))

    def is_idle(self) -> bool:
        """Whether the budget is unused, so that it can be forgotten."""
        return self._calls.is_idle and self._operations.is_idle and not self._waiting_count

    async def _wait_for_turn(self, get_wait_s: Callable[[], float], max_wait_s: float) -> None:
        end = self._monotonic() + max_wait_s

        def get_bounded_wait_s() -> float:
            wait_s = get_wait_s()
            if wait_s > 0 and self._monotonic() + wait_s > end:
                raise Retryable(
                    f"GoDaddy takes {self._calls.limit} calls a minute with one credential, and they are used up or "
                    f"reserved; it is tried again in {wait_s:.0f} s.",
                    code=RATE_LIMITED,
                    retry_after_s=wait_s,
                )
            return wait_s

        self._waiting_count += 1
        try:
            await wait_for_turn(get_bounded_wait_s)
        finally:
            self._waiting_count -= 1


class GodaddyBudgets:
    """The budgets of all credentials in use: `limit` calls in any `window_s` seconds by the clock `monotonic`."""

    def __init__(
        self,
        limit: int = _MAX_CALLS_PER_MINUTE,
        window_s: float = _MINUTE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._window_s = window_s
        self._monotonic = monotonic
        self._hash_key = os.urandom(32)
        self._budgets = RecentEntries[bytes, GodaddyBudget](_MAX_CREDENTIALS, GodaddyBudget.is_idle)

    @property
    def credential_count(self) -> int:
        """The number of credentials that have a budget, at most 1024."""
        return len(self._budgets)

    def get_budget(self, credential: Secret) -> GodaddyBudget:
        """Return the budget of a credential; only a hash of the credential is kept."""
        digest = blake2b(credential.reveal().encode(), key=self._hash_key).digest()
        return self._budgets.use(digest, lambda: GodaddyBudget(self._limit, self._window_s, self._monotonic))


def read_retry_after_s(answer: FetchResponse) -> float:
    """Return the seconds to wait after a 429, from the body or a header: at least 1, at most 600."""
    document = read_json(answer.body)
    value = document.get("retryAfterSec") if isinstance(document, dict) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(min(max(value, 1), _MAX_PAUSE_S))
    seconds = answer.retry_after_s
    return _MINUTE_S if seconds is None else min(max(seconds, 1.0), _MAX_PAUSE_S)


def _operation_limit(limit: int) -> int:
    return max(limit // _MAX_CALLS_PER_OPERATION, 1)


def _read_number(answer: FetchResponse, header: str) -> float | None:
    text = answer.headers.get(header, "").strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None
