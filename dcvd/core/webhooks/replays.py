"""Replays: past events are sent to an endpoint again."""

from enum import StrEnum

from msgspec import Struct

from dcvd.core.events import EventType


class ReplayStatus(StrEnum):
    """Which events are replayed: with a dead letter, without a delivery, or all without a pending delivery."""

    DEAD = "dead"
    MISSING = "missing"
    ALL = "all"


class Replay(Struct, frozen=True, kw_only=True):
    """Which events to send again, and how far the replay has come.

    endpoint_id: None means every endpoint of the organization, which only `dead` allows.
    since, until: milliseconds; `until` is excluded.
    total, progress: the deliveries counted at the request, and those made due so far.
    after_delivery, after_sequence, last_sequence: the replay goes on after that delivery, or after that event number up
        to the last one.
    """

    endpoint_id: str | None
    status: ReplayStatus
    events: tuple[EventType, ...] | None
    since: int
    until: int
    total: int
    progress: int = 0
    after_delivery: str = ""
    after_sequence: int = 0
    last_sequence: int = 0
