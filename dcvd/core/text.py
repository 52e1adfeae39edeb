"""Text that strangers wrote, prepared for display."""

from collections.abc import Sequence
from typing import Final

_MAX_NAMED: Final = 4
_MAX_NAME_CHARS: Final = 255


def make_printable(text: str) -> str:
    """Return the printable characters of a text in one line."""
    if not text.isprintable():
        text = "".join([character if character.isprintable() else " " for character in text])
    return " ".join(text.split())


def shorten(text: str, length: int) -> str:
    """Return the text, or its beginning and an ellipsis, in at most `length` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def join_names(names: Sequence[str], *, conjunction: str = "and", more: str = "{count} more") -> str:
    """Join names for a sentence, such as `a, b, c, d and 6 more`; the words are those of a language."""
    shown = [make_printable(name)[:_MAX_NAME_CHARS] for name in names[:_MAX_NAMED]]
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)} {conjunction} {more.format(count=rest)}"
    return f" {conjunction} ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""


def is_slip(typed: str, meant: str) -> bool:
    """Whether one letter is wrong, missing or too many, or two neighbours are swapped."""
    if typed == meant:
        return False
    start = next((at for at, (one, other) in enumerate(zip(typed, meant, strict=False)) if one != other), None)
    if start is None:
        return abs(len(typed) - len(meant)) == 1
    rest, wanted = typed[start:], meant[start:]
    return (
        rest[1:] == wanted[1:]
        or rest[1:] == wanted
        or rest == wanted[1:]
        or (rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:])
    )
