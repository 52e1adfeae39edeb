"""One endpoint as the pool sees it: what is ready to be sent to it, what is under way, and whether more may start."""

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Final

from dcvd.core.instants import to_seconds
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, DueDelivery
from dcvd.core.webhooks.endpoint import UnsealedEndpoint
from dcvd.kit.limits.sliding_window import SlidingWindow

FAST_WITHIN_MS: Final = 1_000
"""Milliseconds within which an attempt has to end for its endpoint to count as brisk."""
_UNRESPONSIVE_DIVISOR: Final = 4
_ANSWERED_OUTCOMES: Final = frozenset(
    {AttemptOutcome.DELIVERED, AttemptOutcome.HTTP_ERROR, AttemptOutcome.REDIRECT, AttemptOutcome.GONE}
)


class Readiness(Enum):
    """Whether a lane may start an attempt now."""

    READY = auto()
    LATER = auto()
    """At the instant that `wait` tells."""
    BLOCKED = auto()
    """Not before something happens to it: an attempt ends, deliveries or settings are read."""


class EndpointQueue:
    """In-memory only: all of it can be read again. Instants are the wall clock's milliseconds.

    is_scheduled: it has a place among the turns. wake_at: when the clock has it looked at next.
    is_stale: its settings changed, or what it is owed was rearranged; nothing is taken until they are read.
    is_healthy: it is known not to have failed since its last success.
    has_unread: something may be due that was not read yet.
    is_fast: its last attempt ended soon. A lane that is not brisk, or of which nothing is known yet, may hold a slot
        for long, so the pool lets only some of its slots be held by such.
    """

    def __init__(self, endpoint_id: str, monotonic: Callable[[], float]) -> None:
        """`monotonic` is monotonic, in seconds."""
        self.endpoint_id = endpoint_id
        self.org_id = ""
        self.unsealed_endpoint: UnsealedEndpoint | None = None
        self.is_stale = True
        self.has_unread = True
        self.is_healthy = False
        self.next_due_at: int | None = None
        self.is_fast = False
        self.is_responsive = True
        self.in_flight: set[str] = set()
        self.cooling_down: set[str] = set()
        self.is_scheduled = False
        self.wake_at: int | None = None
        self._ready_deliveries: deque[DueDelivery] = deque()
        self._rate_limit = SlidingWindow(0, 1.0, monotonic)

    @property
    def ready_count(self) -> int:
        """Deliveries that were read and wait for their turn."""
        return len(self._ready_deliveries)

    @property
    def known_ids(self) -> list[str]:
        """The deliveries that must not be read again: those ready, under way, or left alone for a moment."""
        return [*(due.id for due in self._ready_deliveries), *self.in_flight, *self.cooling_down]

    @property
    def is_idle(self) -> bool:
        """Nothing would be lost by forgetting it, but what it may be remembered for: being brisk."""
        return not (
            self._ready_deliveries or self.in_flight or self.cooling_down or self.has_unread or self.next_due_at
        )

    def clear_ready(self) -> None:
        """Drop what was read: it is about to be read again."""
        self._ready_deliveries.clear()

    def apply_settings(self, unsealed_endpoint: UnsealedEndpoint | None) -> None:
        """The endpoint's settings as they are now; None when it was removed."""
        self.unsealed_endpoint = unsealed_endpoint
        if unsealed_endpoint is not None:
            # Kept when the endpoint is removed: what is under way then still ends for its organization.
            self.org_id = unsealed_endpoint.endpoint.org_id
        self.is_healthy = unsealed_endpoint is not None and not unsealed_endpoint.endpoint.health.failures
        self._rate_limit.limit = 0 if unsealed_endpoint is None else unsealed_endpoint.endpoint.max_per_second or 0

    def add(self, due_deliveries: Iterable[DueDelivery]) -> None:
        """What was read; none of it is known already."""
        self._ready_deliveries.extend(due_deliveries)

    def get_readiness(self, now: int, limit: int) -> Readiness:
        """Whether an attempt may start; `limit` bounds what is under way to one endpoint."""
        if (
            self.is_stale
            or not self._ready_deliveries
            or self.unsealed_endpoint is None
            or not self.unsealed_endpoint.endpoint.health.is_enabled
        ):
            return Readiness.BLOCKED
        if not self.is_responsive:
            # It did not answer at all: a few tries are enough to learn that it is back.
            limit = max(limit // _UNRESPONSIVE_DIVISOR, 1)
        if len(self.in_flight) >= limit:
            return Readiness.BLOCKED
        return Readiness.LATER if self.get_wait_s(now) > 0 else Readiness.READY

    def get_wait_s(self, now: int) -> float:
        """Seconds until its pause has ended and its rate allows an attempt."""
        if self.unsealed_endpoint is None:
            return 0.0
        paused_until = self.unsealed_endpoint.endpoint.health.paused_until
        pause = 0.0 if paused_until is None else to_seconds(max(paused_until - now, 0))
        return max(pause, self._rate_limit.get_wait_s())

    def take_next(self) -> DueDelivery:
        """The next delivery, under way from now on."""
        due = self._ready_deliveries.popleft()
        self.in_flight.add(due.id)
        self._rate_limit.take()
        return due

    def finish(self, due_delivery: DueDelivery, attempt: Attempt | None) -> None:
        """An attempt has ended and its outcome is stored; None when none was made."""
        self.in_flight.discard(due_delivery.id)
        if attempt is not None:
            self.is_fast = attempt.timings.total_ms < FAST_WITHIN_MS
            self.is_responsive = attempt.outcome in _ANSWERED_OUTCOMES

    def plan_due(self, due_at: int) -> None:
        """Something will be due to it at an instant."""
        if self.next_due_at is None or due_at < self.next_due_at:
            self.next_due_at = due_at
