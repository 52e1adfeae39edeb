"""What somebody typed into the forms of the dashboard."""

import re
from collections.abc import Collection, Mapping

from dcvd.core.instants import end_of_day, to_rfc3339
from dcvd.core.sentences.wording import word
from dcvd.errors import Conflict, DcvdError, InvalidInput

Fields = Mapping[str, str]
"""The fields of a form, by their names."""
Faults = Mapping[str, DcvdError]
"""What is wrong with a form, by the names of its fields; "" stands for the form as a whole."""


def read_checked(form: Fields, prefix: str) -> list[str]:
    """List what is checked of the boxes whose names begin with a prefix, without it."""
    return [name.removeprefix(prefix) for name in form if name.startswith(prefix)]


def split_entries(text: str) -> list[str]:
    """Split what was typed one entry a line, or with blanks or commas between them."""
    return [entry for entry in re.split(r"[\s,]+", text) if entry]


def read_last_day(form: Fields, name: str) -> int | None:
    """Return when the day ends, in UTC, that was chosen as the last one; None where none was. Raises InvalidInput."""
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        return end_of_day(text)
    except ValueError as error:
        raise InvalidInput(name, word("day_unusable", day=repr(text[:40]))) from error


def format_last_day(instant: int | None) -> str:
    """Return the last day on which something is in force that ends at an instant; empty for what has no end."""
    return "" if instant is None else to_rfc3339(instant - 1)[:10]


def place_fault(error: InvalidInput | Conflict, names: Collection[str]) -> dict[str, DcvdError]:
    """Return a fault by the name of its field; "" stands for the form as a whole."""
    field = error.field if isinstance(error, InvalidInput) and error.field in names else ""
    return {field: error}
