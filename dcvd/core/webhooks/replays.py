"""Replays: what has happened is sent to an endpoint again."""

from enum import StrEnum

from msgspec import Struct

from dcvd.core.events import EventType


class ReplayStatus(StrEnum):
    """Which events: whose delivery is a dead letter, of which there is no delivery, or all but those pending."""

    FAILED = "failed"
    MISSING = "missing"
    ALL = "all"


class Replay(Struct, frozen=True, kw_only=True):
    """What to send, and how far it has come.

    `endpoint_id` None: to every endpoint of the organization, `failed` alone. `since` and `until` in milliseconds, the
    second excluded. `total` is how many deliveries were counted when it was asked for, `progress` how many were made
    due. Where to go on: after delivery `after_delivery`, or after event number `after_sequence` up to `last_sequence`.
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
