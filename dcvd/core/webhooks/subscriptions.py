"""Subscriptions: which events an endpoint gets, as its tenant typed it: types, families of types, or all."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from dcvd.core.events import EventType
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput

ALL_EVENTS: Final = "*"
OPERATORS_FAMILY: Final = "system"
"""Events that are about all organizations. They are recorded for the operator alone, so no tenant gets any of them."""


def family_of(event_type: str) -> str:
    """Return the family of a type of event: what stands before its dot."""
    return event_type.partition(".")[0]


def _families_of(types: Sequence[EventType]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{family_of(each)}.*" for each in types))


TENANT_TYPES: Final = tuple(each for each in EventType if family_of(each) != OPERATORS_FAMILY)
"""The types that a tenant can get."""
FAMILIES: Final = _families_of(TENANT_TYPES)
"""The families that a tenant can subscribe to, such as `domain.*`, in the order of the catalogue."""


def is_subscribed(subscription: Collection[str], event_type: str) -> bool:
    """Whether an endpoint with this subscription gets an event of this type; also of one that is added later."""
    return event_type in subscription or ALL_EVENTS in subscription or f"{family_of(event_type)}.*" in subscription


def list_types(subscription: Collection[str]) -> list[EventType]:
    """List the types of today that a subscription names."""
    return [event_type for event_type in EventType if is_subscribed(subscription, event_type)]


def parse_subscription(
    names: Sequence[str], *, for_operator: bool = False, name_field: Callable[[int], str] = "events[{}]".format
) -> tuple[str, ...]:
    """Return a subscription as it was typed, each entry once. Raises InvalidInput naming the entry at fault.

    for_operator: whether it may name what only the operator gets. `name_field` returns what the entry at a position is
    called.
    """
    types = tuple(EventType) if for_operator else TENANT_TYPES
    families = _families_of(types)
    if not names:
        message = word("events_empty", all=ALL_EVENTS, types=", ".join(types))
        raise InvalidInput("events", message, code="no_events")
    for index, name in enumerate(names):
        if name not in (ALL_EVENTS, *families, *types):
            message = word(
                "event_unknown",
                field=name_field(index),
                name=repr(name),
                all=ALL_EVENTS,
                families=", ".join(families),
                types=", ".join(types),
            )
            raise InvalidInput(name_field(index), message, code="unknown_event")
    return tuple(dict.fromkeys(map(str, names)))
