"""Every event that any test stores is what its schema says: all of its members are there, and no others."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from jsonschema import Draft202012Validator
from msgspec import UNSET, Struct

from dcvd.core.event_schemas.data import EVENT_DATA
from dcvd.core.event_schemas.documents import build_event_schema
from dcvd.core.events import EventType

MADE_UP: Final = "made_up"
"""A member by which a test says that it has drafted the data of an event itself, because they do not matter."""
_EXAMPLES: Final = 20
"""Events of each type that are also held to the schema as a receiver would; that takes ten times as long."""
_VALIDATORS: Final = {event_type: Draft202012Validator(build_event_schema(event_type)) for event_type in EventType}


def find_faults(event: dict[str, Any]) -> list[str]:
    """What of an event of today is otherwise than its schema says; empty when it is well."""
    try:
        shown = msgspec.convert(event["data"], EVENT_DATA[EventType(event["event"])][1])
    except msgspec.ValidationError as error:
        return [f"{event['event']}: {error}"]
    faults = [f"{event['event']}: {name} is missing" for name in _list_unset(shown)]
    if json.loads(msgspec.json.encode(shown)) != event["data"]:
        faults.append(f"{event['event']}: its schema does not have all of {event['data']}")
    return faults


def find_schema_faults(event: dict[str, Any]) -> list[str]:
    """What a receiver that validates an event finds wrong with it, which may be an old one."""
    return [error.message for error in _VALIDATORS[EventType(event["event"])].iter_errors(event)]


class StoredEvents:
    """Collects what is wrong with the events that are stored."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._validated: dict[str, int] = {}

    def note(self, sql: str, rows: Sequence[Any]) -> None:
        """A statement ran; called on whatever thread it ran on."""
        if not sql.startswith("INSERT INTO events ("):
            return
        for body in (value for row in rows for value in row if isinstance(value, bytes)):
            event = json.loads(body)
            if MADE_UP not in event["data"]:
                self._faults += find_faults(event)
                self._validated[event["event"]] = number = self._validated.get(event["event"], 0) + 1
                if number <= _EXAMPLES:
                    self._faults += find_schema_faults(event)

    def check(self) -> None:
        """Raises AssertionError for an event that is not as its schema says."""
        faults, self._faults = self._faults, []
        assert not faults, "\n".join(faults)


def _list_unset(shown: object) -> Iterator[str]:
    match shown:
        case Struct():
            for name in shown.__struct_fields__:
                value = getattr(shown, name)
                if value is UNSET:
                    yield f"{type(shown).__name__}.{name}"
                else:
                    yield from _list_unset(value)
        case list() | tuple():
            for each in shown:
                yield from _list_unset(each)
        case _:
            pass
