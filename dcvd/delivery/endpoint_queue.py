"""One endpoint as the pool sees it: what is ready to be sent to it, what is under way, and whether more may start."""

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Final

from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, DueDelivery
from dcvd.core.webhooks.endpoint import OpenedEndpoint
from dcvd.kit.limits.sliding_window import Window

BRISK: Final = 1_000
"""Milliseconds within which an attempt has to end for its endpoint to count as brisk."""
_DOUBTFUL_SHARE: Final = 4
_ANSWERED: Final = frozenset(
    {AttemptOutcome.DELIVERED, AttemptOutcome.HTTP_ERROR, AttemptOutcome.REDIRECT, AttemptOutcome.GONE}
)


class Able(Enum):
    """Whether a lane may start an attempt now."""

    YES = auto()
    LATER = auto()
    """At the instant that `wait` tells."""
    NO = auto()
    """Not before something happens to it: an attempt ends, deliveries or settings are read."""


class Lane:
    """In-memory only: all of it can be read again. Instants are the wall clock's milliseconds.

    queued: it has a place among the turns. rings_at: when the clock has it looked at next.
    stale: its settings changed, or what it is owed was rearranged; nothing is taken until they are read.
    well: it is known not to have failed since its last success.
    unread: something may be due that was not read yet.
    brisk: its last attempt ended soon. A lane that is not brisk, or of which nothing is known yet, may hold a slot for
        long, so the pool lets only some of its slots be held by such.
    """

    def __init__(self, endpoint_id: str, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self.id = endpoint_id
        self.org_id = ""
        self.opened: OpenedEndpoint | None = None
        self.stale = True
        self.unread = True
        self.well = False
        self.next_due_at: int | None = None
        self.brisk = False
        self.answers = True
        self.in_flight: set[str] = set()
        self.resting: set[str] = set()
        self.queued = False
        self.rings_at: int | None = None
        self._ready: deque[DueDelivery] = deque()
        self._rate = Window(0, 1.0, clock)

    @property
    def ready(self) -> int:
        """Deliveries that were read and wait for their turn."""
        return len(self._ready)

    @property
    def known(self) -> list[str]:
        """The deliveries that must not be read again: those ready, under way, or left alone for a moment."""
        return [*(due.id for due in self._ready), *self.in_flight, *self.resting]

    @property
    def idle(self) -> bool:
        """Nothing would be lost by forgetting it, but what it may be remembered for: being brisk."""
        return not (self._ready or self.in_flight or self.resting or self.unread or self.next_due_at)

    def refresh(self) -> None:
        """Drop what was read: it is about to be read again."""
        self._ready.clear()

    def settle(self, opened: OpenedEndpoint | None) -> None:
        """The endpoint's settings as they are now; None when it was removed."""
        self.opened = opened
        if opened is not None:
            # Kept when the endpoint is removed: what is under way then still ends for its organization.
            self.org_id = opened.endpoint.org_id
        self.well = opened is not None and not opened.endpoint.health.failures
        self._rate.limit = 0 if opened is None else opened.endpoint.max_per_second or 0

    def add(self, due: Iterable[DueDelivery]) -> None:
        """What was read; none of it is known already."""
        self._ready.extend(due)

    def able(self, now: int, limit: int) -> Able:
        """Whether an attempt may start; `limit` bounds what is under way to one endpoint."""
        if self.stale or not self._ready or self.opened is None or not self.opened.endpoint.health.enabled:
            return Able.NO
        if not self.answers:
            # It did not answer at all: a few tries are enough to learn that it is back.
            limit = max(limit // _DOUBTFUL_SHARE, 1)
        if len(self.in_flight) >= limit:
            return Able.NO
        return Able.LATER if self.wait(now) > 0 else Able.YES

    def wait(self, now: int) -> float:
        """Seconds until its pause has ended and its rate allows an attempt."""
        if self.opened is None:
            return 0.0
        paused_until = self.opened.endpoint.health.paused_until
        pause = 0.0 if paused_until is None else max(paused_until - now, 0) / 1000
        return max(pause, self._rate.wait())

    def take(self) -> DueDelivery:
        """The next delivery, under way from now on."""
        due = self._ready.popleft()
        self.in_flight.add(due.id)
        self._rate.take()
        return due

    def end(self, due: DueDelivery, attempt: Attempt | None) -> None:
        """An attempt has ended and its outcome is stored; None when none was made."""
        self.in_flight.discard(due.id)
        if attempt is not None:
            self.brisk = attempt.timings.total_ms < BRISK
            self.answers = attempt.outcome in _ANSWERED

    def plan(self, instant: int) -> None:
        """Something will be due to it at an instant."""
        if self.next_due_at is None or instant < self.next_due_at:
            self.next_due_at = instant
