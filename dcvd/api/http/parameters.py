"""Query parameters, and text members that hold more than text. A wrong one raises InvalidInput."""

import re
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from litestar.openapi.spec import OpenAPIType, Schema
from litestar.params import QueryParameter

from dcvd.core.events import EventType
from dcvd.errors import InvalidInput
from dcvd.services.webhooks.endpoints import parse_event_type
from dcvd.store.engine.paging import DEFAULT_LIMIT, MAX_LIMIT

E = TypeVar("E", bound=StrEnum)

_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,9}")

EVENT_TYPES: Final[dict[str, Any]] = {
    "type": "array",
    "items": Schema(type=OpenAPIType.STRING, enum=list(EventType)),
}
"""The documented type of a list of event types."""


def query_parameter(name: str, description: str, **schema: Any) -> QueryParameter:
    """Document an optional parameter of text, or of what `schema` says: a query can leave it out, and not say null."""
    return QueryParameter(name=name, description=description, schema_extra={"type": "string", "one_of": None, **schema})


# Parameters are declared as text and parsed here: Litestar would also accept " 5", and read "null" as no value.
Limit = Annotated[
    str | None,
    query_parameter(
        "limit",
        f"The most entries that the answer may have; {DEFAULT_LIMIT} unless given.",
        type="integer",
        minimum=1,
        maximum=MAX_LIMIT,
    ),
]
Cursor = Annotated[str | None, query_parameter("cursor", "The previous page's `nextCursor`; absent: the first page.")]
RemoveRecords = Annotated[
    str | None,
    query_parameter(
        "removeRecords",
        "`true`: also remove from DNS the records that were written through a connection.",
        type="boolean",
    ),
]


def parse_page_limit(text: str | None) -> int:
    """Parse how many rows a page may have."""
    if text is None:
        return DEFAULT_LIMIT
    if _WHOLE_NUMBER.fullmatch(text) is None or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidInput("limit", f"limit is {text!r}; give a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def parse_choice(field: str, text: str | None, choices: type[E]) -> E | None:
    """Parse a member of a closed set; None stays None."""
    if text is None:
        return None
    try:
        return choices(text)
    except ValueError as error:
        raise InvalidInput(field, f"{field} is {text!r}, which is none of: {', '.join(choices)}.") from error


def parse_flag(name: str, text: str | None) -> bool:
    """Parse a switch, which is off if it is absent."""
    if text not in (None, "true", "false"):
        raise InvalidInput(name, f"{name} is {text!r}; give true or false.")
    return text == "true"


def parse_event_types(field: str, texts: list[str] | None) -> list[EventType] | None:
    """Parse event types, from one parameter with commas or from several; None stays None."""
    if texts is None:
        return None
    return [parse_event_type(field, name.strip()) for text in texts for name in text.split(",")]
