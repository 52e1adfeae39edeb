"""Text that strangers wrote, prepared for display."""

from collections.abc import Sequence
from typing import Final

_MAX_NAMED: Final = 4
_MAX_NAME_CHARS: Final = 255


def make_printable(text: str) -> str:
    """Return the printable characters of a text in one line."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def shorten(text: str, length: int) -> str:
    """Return the text, or its beginning and an ellipsis, in at most `length` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def join_names(names: Sequence[str]) -> str:
    """Join names for a sentence, such as `a, b, c, d and 6 more`."""
    shown = [make_printable(name)[:_MAX_NAME_CHARS] for name in names[:_MAX_NAMED]]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""
