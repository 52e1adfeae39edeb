"""Lanes and what they hold, made without a database."""

import itertools
from typing import Final

from dcvd.core.events import EventType
from dcvd.core.http.exchanges import Timings
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, DueDelivery
from dcvd.core.webhooks.endpoint import Endpoint, UnsealedEndpoint
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth, disable
from dcvd.delivery.endpoint_queue import EndpointQueue
from dcvd.delivery.fair_scheduler import FairScheduler

NOW: Final = 1_800_000_000_000
LIMIT: Final = 8

_NUMBERS = itertools.count()


class Monotonic:
    """A clock of seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def opened(
    endpoint_id: str,
    org_id: str = "org_a",
    *,
    rate: int | None = None,
    paused_until: int | None = None,
    enabled: bool = True,
    url: str = "https://hooks.example.com/",
) -> UnsealedEndpoint:
    """An endpoint's settings."""
    health = EndpointHealth(paused_until=paused_until)
    endpoint = Endpoint(
        id=endpoint_id,
        org_id=org_id,
        url=url,
        events=(EventType.DOMAIN_ADDED,),
        max_per_second=rate,
        header_names=(),
        health=health if enabled else disable(health, DisabledReason.MANUAL),
        created_at=NOW,
        updated_at=NOW,
    )
    return UnsealedEndpoint(endpoint=endpoint, secrets=(), headers={})


def due(count: int) -> list[DueDelivery]:
    """Deliveries that are due, none like another."""
    return [
        DueDelivery(
            id=f"dlv_{next(_NUMBERS):06d}",
            event_id="evt_1",
            event_type=EventType.DOMAIN_ADDED,
            domain_id=None,
            attempts=0,
            attempts_before=0,
            requests=0,
            expires_at=None,
            body=b"{}",
        )
        for _ in range(count)
    ]


def lane_of(
    endpoint_id: str,
    ready: int,
    org_id: str = "org_a",
    *,
    brisk: bool = True,
    clock: Monotonic,
    url: str = "https://hooks.example.com/",
) -> EndpointQueue:
    """A lane that was read: so much is ready, and its endpoint may be known to answer soon."""
    lane = EndpointQueue(endpoint_id, clock)
    lane.is_stale = lane.has_unread = False
    lane.apply_settings(opened(endpoint_id, org_id, url=url))
    lane.add(due(ready))
    lane.is_fast = brisk
    return lane


def made(delivery_id: str, outcome: AttemptOutcome = AttemptOutcome.DELIVERED, *, ms: int = 5) -> Attempt:
    """An attempt that took so long."""
    status_code = {AttemptOutcome.DELIVERED: 204, AttemptOutcome.HTTP_ERROR: 500}.get(outcome)
    return Attempt(
        delivery_id=delivery_id,
        number=1,
        started_at=NOW,
        timings=Timings(total_ms=ms),
        outcome=outcome,
        status_code=status_code,
    )


def failed(delivery_id: str, outcome: AttemptOutcome = AttemptOutcome.HTTP_ERROR, *, number: int = 1) -> Attempt:
    """An attempt that failed, by default with a 500."""
    return Attempt(
        delivery_id=delivery_id,
        number=number,
        started_at=NOW,
        timings=Timings(total_ms=3),
        outcome=outcome,
        status_code=500 if outcome is AttemptOutcome.HTTP_ERROR else None,
        error="It failed.",
    )


def new_scheduler(slots: int, origin_limit: int = 1000, clock: Monotonic | None = None) -> FairScheduler:
    """A scheduler with slots for all at one origin, unless a test wants it otherwise; without a clock, time stands."""
    return FairScheduler(slots, lambda: origin_limit, clock or Monotonic())
