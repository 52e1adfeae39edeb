"""German: errors about events."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EVENTS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "event_not_found": "Es gibt kein Ereignis {event}.",
        "webhook_not_chosen": "Wählen Sie den Webhook, an den das Ereignis gesendet wird.",
    }
)
"""The templates by their ids."""
