"""Values as JSON text, which one parameter of a statement or one column holds."""

from collections.abc import Iterable

import msgspec


def encode_json(value: object) -> str:
    """Return a value as JSON text."""
    return msgspec.json.encode(value).decode()


def encode_list(values: Iterable[object]) -> str:
    """Return values as a JSON array, for `IN (SELECT value FROM json_each(?))`."""
    return encode_json(list(values))
