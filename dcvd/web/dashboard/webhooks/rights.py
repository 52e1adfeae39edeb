"""What the routes of webhooks ask for, where that is not what their subject does."""

from typing import Final

from dcvd.web.dashboard.navigation import DELIVERIES, Opt

REPLAY: Final[Opt] = {**DELIVERIES, "limited": False}
"""To send past events to an endpoint again."""
RETRY_ALL: Final[Opt] = REPLAY
"""To send all dead letters again, also those about domains that a limited caller may not see."""
