"""Instants in JSON and in query parameters: RFC 3339, in UTC."""

from typing import Annotated

from msgspec import Meta

from dcvd.core.instants import from_rfc3339
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput

Instant = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""An RFC 3339 instant in UTC."""


def parse_instant(field: str, text: str | None) -> int | None:
    """Parse an RFC 3339 instant into milliseconds since the epoch; None stays None."""
    if text is None:
        return None
    try:
        return from_rfc3339(text)
    except ValueError as error:
        sentence = word("instant_unusable", field=field, text=repr(text))
        raise InvalidInput(field, sentence) from error
