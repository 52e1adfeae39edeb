"""English: errors about events."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EVENTS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "event_not_found": "There is no event {event}.",
        "webhook_not_chosen": "Choose the webhook to which the event is sent.",
    }
)
"""The templates by their ids."""
