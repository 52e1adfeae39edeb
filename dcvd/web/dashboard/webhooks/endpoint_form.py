"""The form in which people say where an endpoint is and which events it gets."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.subscriptions import ALL_EVENTS, FAMILIES, TENANT_TYPES, family_of
from dcvd.errors import InvalidInput
from dcvd.web.dashboard.typed import Faults, read_checked

_EVENT_PREFIX: Final = "event."
"""Before the names of the boxes for types and families of events."""
SELECTABLE: Final = tuple(
    (family, tuple(each.value for each in TENANT_TYPES if family == f"{family_of(each)}.*")) for family in FAMILIES
)
"""The families with their types, in the order of the catalogue."""


class EndpointForm(Struct, frozen=True, kw_only=True):
    """What is typed. faults: by the field that they are about."""

    name: str = ""
    url: str = ""
    events: tuple[str, ...] = (ALL_EVENTS,)
    faults: Faults = {}

    @property
    def wants_all(self) -> bool:
        """Whether it gets all events, whatever else is named."""
        return ALL_EVENTS in self.events

    @property
    def name_or_none(self) -> str | None:
        """What it is to be called; None for no name."""
        return self.name.strip() or None


def fill_form(endpoint: Endpoint) -> EndpointForm:
    """Fill the form with what an endpoint has."""
    return EndpointForm(name=endpoint.name or "", url=endpoint.url, events=endpoint.events)


def read_endpoint_form(fields: Mapping[str, str]) -> EndpointForm:
    """Read what was typed, whether it is right or not."""
    wants_all = fields.get("which") == "all"
    events = (ALL_EVENTS,) if wants_all else tuple(read_checked(fields, _EVENT_PREFIX))
    return EndpointForm(name=fields.get("name", ""), url=fields.get("url", "").strip(), events=events)


def find_faults(error: InvalidInput) -> Faults:
    """Return an error by the field of the form that it is about."""
    return {error.field.partition("[")[0]: error}
