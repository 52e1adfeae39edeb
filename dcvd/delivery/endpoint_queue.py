"""One endpoint's queue: which deliveries are ready, which are in flight, and whether another attempt may start."""

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Final

from dcvd.core.http.exchanges import OwnFault
from dcvd.core.instants import to_seconds
from dcvd.core.webhooks.deliveries import Attempt, DueDelivery
from dcvd.core.webhooks.endpoint import UnsealedEndpoint
from dcvd.delivery.slot_time import SlotTime
from dcvd.kit.egress.guard import find_origin
from dcvd.kit.limits.sliding_window import SlidingWindow

FAST_WITHIN_MS: Final = 1_000
"""Milliseconds within which an attempt has to end for its endpoint to count as fast."""
_UNRESPONSIVE_DIVISOR: Final = 4
_MAX_HOLD_S: Final = 30.0
LONG_HOLD_S: Final = 86_400.0
"""Seconds after which a fault of our own that lasts counts as an attempt like any other: else nothing ever ends."""


class Readiness(Enum):
    """Whether a queue may start an attempt now."""

    READY = auto()
    LATER = auto()
    """It may start one after the seconds that `get_wait_s` returns."""
    BLOCKED = auto()
    """It may start none until an attempt ends, or its deliveries or settings are read."""


class EndpointQueue:
    """The deliveries of one endpoint, in memory only: everything can be read again from the database.

    Instants are milliseconds of the wall clock.
    is_scheduled: the scheduler has the queue. wake_at: when a timer will offer the queue to the scheduler.
    is_stale: the endpoint's settings or deliveries changed; nothing is taken until they have been read.
    is_being_read: a read of its settings or deliveries has not ended.
    origin: scheme, host and port of the endpoint's URL, lower case.
    is_healthy: the endpoint is known not to have failed since its last success.
    has_unread: a delivery may be due that has not been read yet.
    is_fast: the last attempt ended soon. An endpoint that is slow, or not known yet, may hold a slot for long, so the
        pool gives such endpoints only some of its slots.
    held_by: the fault of our own by which no attempt could be made of late.
    is_held_for_long: for a day no attempt could be made, by no fault of the endpoint's.
    is_responsive: the endpoint answered the last attempt, whatever it answered.
    slot_time: for how long its attempts have held slots.
    """

    def __init__(self, endpoint_id: str, monotonic: Callable[[], float]) -> None:
        """`monotonic` returns monotonic seconds."""
        self.endpoint_id = endpoint_id
        self.org_id = ""
        self.origin = ""
        self.unsealed_endpoint: UnsealedEndpoint | None = None
        self.is_stale = True
        self.has_unread = True
        self.is_being_read = False
        self.is_healthy = False
        self.next_due_at: int | None = None
        self.is_fast = False
        self.is_responsive = True
        self.slot_time = SlotTime()
        self.in_flight: set[str] = set()
        self.cooling_down: set[str] = set()
        self.is_scheduled = False
        self.wake_at: int | None = None
        self._in_flight_at_change: set[str] = set()
        self._ready_deliveries: deque[DueDelivery] = deque()
        self._monotonic = monotonic
        self._rate_limit: SlidingWindow | None = None
        self._held_until = 0.0
        self._held_since: float | None = None
        self.held_by: OwnFault | None = None
        self.is_held_for_long = False

    @property
    def ready_count(self) -> int:
        """The number of deliveries that were read and wait to be sent."""
        return len(self._ready_deliveries)

    @property
    def known_ids(self) -> list[str]:
        """The ids of deliveries that must not be read again: those ready, in flight, or cooling down."""
        return [*(due_delivery.id for due_delivery in self._ready_deliveries), *self.in_flight, *self.cooling_down]

    @property
    def is_idle(self) -> bool:
        """Whether the queue can be dropped: only the knowledge whether its endpoint is fast would be lost."""
        has_work = self._ready_deliveries or self.in_flight or self.cooling_down or self.next_due_at
        is_read = not self.has_unread and not self.is_being_read
        return is_read and not has_work and (self._rate_limit is None or self._rate_limit.is_idle)

    def note_change(self) -> None:
        """Note that the endpoint's settings, its health or the plans for its deliveries changed.

        A read does not find the deliveries in flight, though they may be due again: so there is one when they end.
        """
        self.is_stale = True
        # Health stays unknown until the read has ended: while it runs, only the old settings are known.
        self.is_healthy = False
        self._in_flight_at_change |= self.in_flight

    def clear_ready(self) -> None:
        """Drop the ready deliveries: they are about to be read again."""
        self._ready_deliveries.clear()

    def apply_settings(self, unsealed_endpoint: UnsealedEndpoint | None) -> None:
        """Take over the endpoint's present settings; None when the endpoint was removed."""
        self.unsealed_endpoint = unsealed_endpoint
        if unsealed_endpoint is not None:
            # It stays when the endpoint is removed: attempts in flight still end for its organization.
            self.org_id = unsealed_endpoint.endpoint.org_id
            self.origin = find_origin(unsealed_endpoint.endpoint.url)
        self.is_healthy = unsealed_endpoint is not None and not unsealed_endpoint.endpoint.health.failures
        max_per_second = 0 if unsealed_endpoint is None else unsealed_endpoint.endpoint.max_per_second or 0
        if self._rate_limit is not None:
            self._rate_limit.limit = max_per_second
        elif max_per_second:
            self._rate_limit = SlidingWindow(max_per_second, 1.0, self._monotonic)

    def add(self, due_deliveries: Iterable[DueDelivery]) -> None:
        """Append deliveries that were read; none of them may be known already."""
        self._ready_deliveries.extend(due_deliveries)

    def get_readiness(self, now: int, limit: int) -> Readiness:
        """Whether an attempt may start now; `limit` is the most attempts in flight to one endpoint."""
        if (
            self.is_stale
            or not self._ready_deliveries
            or self.unsealed_endpoint is None
            or not self.unsealed_endpoint.endpoint.health.is_enabled
        ):
            return Readiness.BLOCKED
        if not self.is_responsive:
            # The endpoint did not answer at all: a few attempts are enough to learn that it is back.
            limit = max(limit // _UNRESPONSIVE_DIVISOR, 1)
        if len(self.in_flight) >= limit:
            return Readiness.BLOCKED
        return Readiness.LATER if self.get_wait_s(now) > 0 else Readiness.READY

    def get_wait_s(self, now: int) -> float:
        """Seconds until the endpoint's pause has ended, its rate limit allows an attempt, and nothing holds it up."""
        if self.unsealed_endpoint is None:
            return 0.0
        paused_until = self.unsealed_endpoint.endpoint.health.paused_until
        pause_s = 0.0 if paused_until is None else to_seconds(max(paused_until - now, 0))
        if self._held_until:
            pause_s = max(pause_s, self._held_until - self._monotonic())
        return pause_s if self._rate_limit is None else max(pause_s, self._rate_limit.get_wait_s())

    def hold_up(self, min_pause_s: float, fault: OwnFault | None) -> float:
        """Start no attempt for some seconds, which are returned: the last could not be made, by a fault of our own.

        The pause grows with the time for which none could be made.
        """
        now = self._monotonic()
        if self._held_since is None:
            self._held_since = now
        self.held_by = fault
        self.is_held_for_long = now - self._held_since >= LONG_HOLD_S
        pause_s = min(max(now - self._held_since, min_pause_s), _MAX_HOLD_S)
        self._held_until = now + pause_s
        return pause_s

    def take_next(self) -> DueDelivery:
        """Take the next delivery, which is in flight from now on."""
        due_delivery = self._ready_deliveries.popleft()
        self.in_flight.add(due_delivery.id)
        if self._rate_limit is not None:
            self._rate_limit.take()
        return due_delivery

    def finish(self, due_delivery: DueDelivery, attempt: Attempt | None) -> None:
        """Note that a delivery's attempt has ended and is stored; None when no attempt was made."""
        self.in_flight.discard(due_delivery.id)
        if due_delivery.id in self._in_flight_at_change:
            self._in_flight_at_change.discard(due_delivery.id)
            self.has_unread = True
        if attempt is not None:
            if attempt.status_code is not None or not self.is_held_for_long:
                self._held_since = None
                self.held_by = None
                self.is_held_for_long = False
            self.is_fast = attempt.timings.total_ms < FAST_WITHIN_MS
            self.is_responsive = attempt.status_code is not None

    def plan_due(self, due_at: int) -> None:
        """Note that a delivery will be due at an instant."""
        if self.next_due_at is None or due_at < self.next_due_at:
            self.next_due_at = due_at
