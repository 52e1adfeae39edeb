"""What stands in a query, and in text members that mean more than text. Everything wrong is InvalidInput."""

import re
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from litestar.params import QueryParameter
from msgspec import Meta

from dcvd.core.instants import from_rfc3339
from dcvd.errors import InvalidInput
from dcvd.store.paging import DEFAULT_LIMIT, MAX_LIMIT

E = TypeVar("E", bound=StrEnum)

_NUMBER: Final = re.compile(r"[0-9]{1,9}")

TEXT: Final[dict[str, Any]] = {"type": "string", "one_of": None}
"""The documented type of what may be absent: a query can leave a value out, and never says null."""

# Queries arrive as text and are read here: Litestar would also take " 5", and "null" for no value at all.
Limit = Annotated[
    str | None,
    QueryParameter(
        name="limit",
        description=f"How many to answer at most; {DEFAULT_LIMIT} unless given.",
        schema_extra={**TEXT, "type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
    ),
]
Cursor = Annotated[
    str | None,
    QueryParameter(
        name="cursor", description="`nextCursor` of the page before; without it, the first page.", schema_extra=TEXT
    ),
]
Instant = Annotated[str, Meta(description="RFC 3339, UTC.")]


def page_limit(text: str | None) -> int:
    """How many rows a page may have."""
    if text is None:
        return DEFAULT_LIMIT
    if _NUMBER.fullmatch(text) is None or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidInput("limit", f"limit is {text!r}; give a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def one_of(field: str, text: str | None, choices: type[E]) -> E | None:
    """The member of a closed set that was asked for, or None where nothing was."""
    if text is None:
        return None
    try:
        return choices(text)
    except ValueError as error:
        raise InvalidInput(field, f"{field} is {text!r}, which is none of: {', '.join(choices)}.") from error


def instant(field: str, text: str | None) -> int | None:
    """Milliseconds since the epoch."""
    if text is None:
        return None
    try:
        return from_rfc3339(text)
    except ValueError as error:
        sentence = f"{field} is {text!r}; give an RFC 3339 instant such as 2027-01-31T00:00:00Z."
        raise InvalidInput(field, sentence) from error
