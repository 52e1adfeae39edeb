"""How urgently a call to Cloudflare is needed for a domain, by who waits for it."""

from collections.abc import Mapping
from typing import Final

from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.custom_hostnames.budget import Urgency

URGENCY_BY_LANE: Final[Mapping[CheckLane, Urgency]] = {
    CheckLane.WAITING: Urgency.SOON,
    CheckLane.ROUTINE: Urgency.ROUTINE,
    CheckLane.FAILING: Urgency.LAST,
}
"""By the lane of a domain's checks: the checks themselves, and what heals the domain."""
