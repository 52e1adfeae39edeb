"""The pace of calls at GoDaddy: 60 a minute.

Its terms of use say for each endpoint, its command line's notes for each credential whatever the endpoint: we keep to
the stricter. Other tools of the customer's may use the same credential, so answers tell what is left.
"""

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import Final

from dcvd.core.secret import Secret
from dcvd.errors import Retryable
from dcvd.kit.http.fetch import Fetched
from dcvd.kit.limits.sliding_window import Window
from dcvd.providers.provider_text import read_json

RATE_LIMITED: Final = "provider_rate_limited"
_LIMIT: Final = 60
_MINUTE: Final = 60.0
_PIECE: Final = 20
"""Calls of a piece of work at most: to find the zone, read two names, change and read them again. Work is begun only as
often as there are calls to end it, or many pieces at once would take from each other what each needs, and none would
end."""
_MOST: Final = 1024
"""Credentials that are remembered; of more, who has not called for the longest time is forgotten."""
_LONGEST_PAUSE: Final = 600.0
_LONGEST_SLEEP: Final = 1.0
"""Seconds after which a waiting call looks again: an answer may have changed what it waits for."""


class GodaddyBudget:
    """One credential's calls: each is made within `call()`, and its answer is told to `heed()`."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self._most = limit
        self._clock = clock
        self._window = Window(limit, seconds, clock)
        self._begun = Window(_pieces(limit), seconds, clock)
        self._paused_until = clock()

    async def begin(self, *, patience: float) -> None:
        """Wait until a piece of work may be begun. Raises Retryable as `call` does."""
        await self._turn(self._begun.wait, patience)
        self._begun.take()

    @asynccontextmanager
    async def call(self, *, patience: float, spare: int = 0) -> AsyncIterator[None]:
        """Wait for a call's turn, at most `patience` seconds, and until `spare` more could follow at once.

        Raises Retryable, without waiting, where the turn comes later.
        """
        await self._turn(lambda: self._wait(spare), patience)
        self._window.begin()
        try:
            yield
        finally:
            self._window.end()

    def heed(self, answer: Fetched) -> None:
        """Learn from an answer."""
        limit, left = _number(answer, "ratelimit-limit"), _number(answer, "ratelimit-remaining")
        if limit is not None:
            self._window.limit = min(max(int(limit), 1), self._most)
            self._begun.limit = _pieces(self._window.limit)
        if answer.status == 429:
            self._pause(retry_after(answer))
        elif left == 0:
            self._pause(_number(answer, "ratelimit-reset") or self._window.seconds)

    def idle(self) -> bool:
        """Whether nothing would be lost by forgetting it."""
        return max(self._wait(self._window.limit - 1), self._begun.wait(self._begun.limit - 1)) <= 0

    async def _turn(self, wait_for: Callable[[], float], patience: float) -> None:
        end = self._clock() + patience
        while (wait := wait_for()) > 0:
            if self._clock() + wait > end:
                raise Retryable(
                    f"GoDaddy takes {self._window.limit} calls a minute with one credential, and they are used up or "
                    f"spoken for; it is tried again in {wait:.0f} s.",
                    code=RATE_LIMITED,
                    retry_after=wait,
                )
            await asyncio.sleep(min(wait, _LONGEST_SLEEP))

    def _wait(self, spare: int) -> float:
        return max(self._window.wait(spare), self._paused_until - self._clock())

    def _pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._clock() + min(seconds, _LONGEST_PAUSE))


class GodaddyBudgets:
    """The budgets of all credentials in use. `limit` calls in any `seconds`; `clock` is monotonic."""

    def __init__(
        self, limit: int = _LIMIT, seconds: float = _MINUTE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._key = os.urandom(32)
        self._known: OrderedDict[bytes, GodaddyBudget] = OrderedDict()

    @property
    def remembered(self) -> int:
        """Credentials, of at most 1024."""
        return len(self._known)

    def of(self, credential: Secret) -> GodaddyBudget:
        """The credential's budget; the credential itself is not kept."""
        digest = blake2b(credential.reveal().encode(), key=self._key).digest()
        budget = self._known.get(digest)
        if budget is None:
            self._forget()
            budget = self._known[digest] = GodaddyBudget(self._limit, self._seconds, self._clock)
        self._known.move_to_end(digest)
        return budget

    def _forget(self) -> None:
        while self._known and (len(self._known) >= _MOST or next(iter(self._known.values())).idle()):
            self._known.popitem(last=False)


def retry_after(answer: Fetched) -> float:
    """Seconds to wait after too many calls (429): a member of the body, or a header, within reason."""
    document = read_json(answer.body)
    told = document.get("retryAfterSec") if isinstance(document, dict) else None
    if isinstance(told, int | float) and not isinstance(told, bool):
        return float(min(max(told, 1), _LONGEST_PAUSE))
    seconds = _number(answer, "retry-after")
    return _MINUTE if seconds is None else min(max(seconds, 1.0), _LONGEST_PAUSE)


def _pieces(limit: int) -> int:
    return max(limit // _PIECE, 1)


def _number(answer: Fetched, header: str) -> float | None:
    text = answer.headers.get(header, "").strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None
