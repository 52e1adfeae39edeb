"""A domain's life look by look, each when the schedule says, against a Cloudflare that a test makes up."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import DAY, MINUTE
from dcvd.core.lifecycle.schedule import CheckPolicy, next_check_at
from dcvd.core.lifecycle.transitions import Observation
from tests.core.builders import DNS_RIGHT, THRESHOLDS, Story

POLICY = CheckPolicy(pending_interval_ms=MINUTE, active_interval_ms=DAY, expiry_thresholds_ms=THRESHOLDS)
LATEST = 0.999
"""The random fraction that puts a look off most."""


class Told(Struct, frozen=True):
    """An event and when it was told."""

    at: int
    type: str
    data: dict[str, Any]


def live(
    story: Story,
    until: int,
    answer: Callable[[int], CloudflareHostname],
    *,
    dns: Callable[[int], Observation] = lambda _: DNS_RIGHT,
    fraction: float = 0.0,
) -> list[Told]:
    """Look whenever it is planned, up to an instant; everything that was told on the way."""
    told = []
    while (at := next_check_at(story.domain, story.now, POLICY, fraction)) <= until:
        story.wait_until(at)
        story.look(dns(at), answer(at))
        told += [Told(at, draft.type.value, draft.data) for draft in story.drafts]
    story.wait_until(until)
    return told
