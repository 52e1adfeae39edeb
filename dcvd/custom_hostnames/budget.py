"""Limit the rate of calls: Cloudflare allows 1,200 requests in 5 minutes, shared with the operator's other tools, and
15 certificates a minute. Beyond that it refuses every call of the account for minutes.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from enum import IntEnum
from typing import Final, assert_never

import structlog
from msgspec import Struct

from dcvd.kit.limits.shared_slots import SharedSlots
from dcvd.kit.limits.sliding_window import Limit, SlidingWindow, wait_for_turn

log = structlog.get_logger(__name__)

REQUEST_WINDOW_S: Final = 300.0
_MINUTE_S: Final = 60.0
_RATELIMIT_HEADER: Final = re.compile(r"r=(\d{1,9})\s*;\s*t=(\d{1,9})", re.ASCII)
_MAX_PROBE_S: Final = 60.0
_MAX_PAUSE_S: Final = 600.0
_MAX_ANSWER_S: Final = 60.0
"""Seconds from a call to its answer for which the calls that counted meanwhile are remembered."""
_RESERVE_DIVISOR: Final = 50
"""One in so many calls is reserved for people who wait for an answer at this moment."""
_CATCH_UP_CALLS: Final = 4
"""Routine calls that may follow each other at once after a delay; otherwise the clock's coarseness would cost some of
their share."""
_CERTIFICATE: Final = "certificate"
_LAST_DIVISOR: Final = 4
"""Calls of the urgency LAST get the place of one in so many routine calls."""


class Urgency(IntEnum):
    """How urgently a call is needed, by who waits for it."""

    NOW = 0
    """Somebody waits for it at this moment."""
    SOON = 1
    """Somebody waits, but thousands may wait like them: such calls are spread once half of the window is used."""
    ROUTINE = 2
    """Nobody waits for it."""
    LAST = 3
    """Nobody waits for it, and it will probably fail."""


def _new_turns() -> SharedSlots[str]:
    """Make a lock for which owners wait in turn."""
    return SharedSlots(1, 1)


class _UrgencyQueue:
    """Calls of one urgency, one after the other, whose owners take turns.

    next_call_time: when the next of them is planned.
    """

    def __init__(self, next_call_time: float) -> None:
        self.next_call_time = next_call_time
        self.turns = _new_turns()


class BudgetReport(Struct, frozen=True, kw_only=True):
    """What is left of the limits now, and how many calls wait for their turn.

    requests_left, certificates_left: of `requests_limit` in 5 minutes and `certificates_limit` in one; None and 0 where
    nothing limits them. waiting_certificates: those of the waiting calls that order certificates. pause_s: seconds for
    which Cloudflare wants no call at all.
    """

    requests_left: int | None
    requests_limit: int
    certificates_left: int | None
    certificates_limit: int
    waiting_calls: int
    waiting_certificates: int
    pause_s: float


class CloudflareBudget:
    """Limits the calls to Cloudflare: each is made within `reserve_call()`, and answers show how many are left.

    Routine calls are spread evenly over the window and leave a reserve, so that people who wait for an answer never
    find the window used up. An answer with fewer calls left than we expect means that others use the limit too; then
    our calls are spread over the rest.

    It is not a `SlidingWindow` alone, because calls of different urgency share one window and others use the limit too.
    """

    def __init__(
        self,
        requests_per_window: Limit,
        certificates_per_minute: Limit,
        monotonic: Callable[[], float],
        *,
        window_s: float = REQUEST_WINDOW_S,
    ) -> None:
        self._monotonic = monotonic
        self._requests = SlidingWindow(requests_per_window, window_s, monotonic, memory_s=_MAX_ANSWER_S)
        self._certificates = SlidingWindow(certificates_per_minute, _MINUTE_S, monotonic)
        self._certificate_turns = _new_turns()
        self._queues = {urgency: _UrgencyQueue(monotonic()) for urgency in Urgency}
        self._other_usage = 0
        self._other_usage_until = monotonic()
        self._rate_limit_refusals = 0
        self._waiting_counts: Counter[str] = Counter()

    @asynccontextmanager
    async def reserve_call(
        self, *, urgency: Urgency, owner: str = "", orders_certificate: bool = False
    ) -> AsyncIterator[None]:
        """Wait until a call may be made; it lasts as long as the block, and counts until a window after that.

        owner: the organization on whose behalf, empty for our own: among calls of one urgency that wait, the owners
        take turns, so that one with many calls delays another by one.
        orders_certificate: the call orders a certificate. Such calls queue apart, so that a thousand registrations do
        not delay the checks.
        """
        async with self._reserve_certificate(owner) if orders_certificate else nullcontext():
            with self._count_waiting(urgency.name.lower()):
                await self._wait_turn(urgency, owner)
            try:
                yield
            finally:
                self._requests.end()

    def count_free_certificates(self) -> int | None:
        """Return how many certificates could be ordered now; None without a limit."""
        return self._certificates.count_free()

    def count_waiting(self) -> dict[str, int]:
        """Count the calls that wait, by their urgency, and those that wait to order a `certificate`."""
        names = (*(urgency.name.lower() for urgency in Urgency), _CERTIFICATE)
        return {name: self._waiting_counts[name] for name in names}

    def learn_from(
        self, status: int, ratelimit: str | None, retry_after_s: float | None, *, elapsed_s: float = 0.0
    ) -> None:
        """Learn from an answer's status, `Ratelimit` header (`"default";r=50;t=30`) and `retry-after` in seconds.

        elapsed_s: the seconds from the call to its answer; Cloudflare counted the call at some instant within them.
        """
        if status == 429:
            # Cloudflare always says for how long; if a proxy in between does not, or names an instant that is past
            # by our clock, calls probe it at growing intervals.
            probe_s = min(2.0**self._rate_limit_refusals, _MAX_PROBE_S)
            self._rate_limit_refusals += 1
            self._pause(retry_after_s or probe_s, "rate limited")
            return
        self._rate_limit_refusals = 0
        match = _RATELIMIT_HEADER.search(ratelimit or "")
        if match is not None:
            self._apply_remaining(int(match[1]), float(match[2]), elapsed_s)

    def report(self) -> BudgetReport:
        """Report what is left now; of the requests, less what others were seen to use."""
        requests_left = self._requests.count_free()
        return BudgetReport(
            requests_left=None if requests_left is None else max(requests_left - self._count_other_usage(), 0),
            requests_limit=self._requests.limit,
            certificates_left=self._certificates.count_free(),
            certificates_limit=self._certificates.limit,
            waiting_calls=self._waiting_counts.total(),
            waiting_certificates=self._waiting_counts[_CERTIFICATE],
            pause_s=self.get_pause_s(),
        )

    def get_pause_s(self) -> float:
        """Seconds for which every call still has to wait."""
        return self._requests.get_pause_s()

    @asynccontextmanager
    async def _reserve_certificate(self, owner: str) -> AsyncIterator[None]:
        with self._count_waiting(_CERTIFICATE):
            async with self._certificate_turns.wait(owner):
                await wait_for_turn(self._certificates.get_wait_s)
                self._certificates.begin()
        try:
            yield
        finally:
            self._certificates.end()

    @contextmanager
    def _count_waiting(self, name: str) -> Iterator[None]:
        self._waiting_counts[name] += 1
        try:
            yield
        finally:
            self._waiting_counts[name] -= 1

    async def _wait_turn(self, urgency: Urgency, owner: str) -> None:
        """Wait for a call's turn, and count the call as begun."""
        queue = self._queues[urgency]
        async with queue.turns.wait(owner):
            await wait_for_turn(lambda: self._get_wait_s(urgency, queue))
            spacing_s = self._get_spacing_s() * (_LAST_DIVISOR if urgency is Urgency.LAST else 1)
            queue.next_call_time = (
                max(queue.next_call_time, self._monotonic() - _CATCH_UP_CALLS * spacing_s) + spacing_s
            )
            if urgency is Urgency.LAST:
                # One of them at a time queues with the routine calls.
                await self._wait_turn(Urgency.ROUTINE, owner)
            else:
                self._requests.begin()

    def _get_wait_s(self, urgency: Urgency, queue: _UrgencyQueue) -> float:
        limit, other_usage, until_planned_s = (
            self._requests.limit,
            self._count_other_usage(),
            queue.next_call_time - self._monotonic(),
        )
        match urgency:
            case Urgency.NOW:
                return self._requests.get_wait_s(other_usage)
            case Urgency.SOON:
                is_half_used = self.get_pause_s() < self._requests.get_wait_s(limit // 2 + other_usage)
                return max(
                    until_planned_s if is_half_used else 0.0,
                    self._requests.get_wait_s(limit // _RESERVE_DIVISOR + other_usage),
                )
            case Urgency.ROUTINE:
                return max(until_planned_s, self._requests.get_wait_s(limit // _RESERVE_DIVISOR + other_usage))
            case Urgency.LAST:
                return until_planned_s
            case _:
                assert_never(urgency)

    def _get_spacing_s(self) -> float:
        """Seconds between two calls of those that are spread."""
        limit = self._requests.limit
        return self._requests.window_s / max(limit - self._count_other_usage(), 1) if limit > 0 else 0.0

    def _count_other_usage(self) -> int:
        """Count the calls of others, and one more: an answer that no call is left would stop everything."""
        return self._other_usage + 1 if self._other_usage and self._monotonic() < self._other_usage_until else 0

    def _apply_remaining(self, left: int, reset_s: float, elapsed_s: float) -> None:
        if left == 0:
            self._pause(reset_s, "nothing left")
            return
        # The number in the answer may or may not include our calls since `elapsed_s` seconds ago, so all of them count.
        expected = self._requests.count_free(elapsed_s)
        if expected is None:
            # The operator configured no limit, so the number left does not matter until it is 0.
            return
        other_usage = max(expected - left, 0)
        if other_usage and not self._count_other_usage():
            log.info("cloudflare.shared", left=left, expected=expected)
        self._other_usage = other_usage
        self._other_usage_until = self._monotonic() + min(reset_s, self._requests.window_s)

    def _pause(self, pause_s: float, reason: str) -> None:
        if self._requests.pause(min(pause_s, _MAX_PAUSE_S)):
            log.warning("cloudflare.paused", seconds=round(pause_s, 1), why=reason)
