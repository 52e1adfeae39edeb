"""Columns of a list: each is declared once, for narrow terminals, wide ones and pipes."""

from collections.abc import Callable
from typing import Generic, Literal, TypeVar

from msgspec import Struct

from dcvd.cli.terminal.ages import format_age, format_instant
from dcvd.cli.terminal.style import TerminalStyle

_T = TypeVar("_T", contravariant=True)
Tone = Literal["plain", "dim", "good", "bad", "doubtful"]
"""What a colour says; without colours nothing is lost, because the text says it too."""


class Age(Struct, frozen=True):
    """An instant in a cell: how long ago, and in a wide table the instant itself.

    `missing` stands for None, and `prefix` before an instant.
    """

    instant: str | None
    missing: str = ""
    prefix: str = ""


class Column(Struct, Generic[_T], frozen=True, kw_only=True):
    """A column of a list of `T`.

    `only_wide`: it is in `-o wide` alone. `shortest`: where there is no room, its cells are cut down to so many
    characters; None keeps them whole, as ids have to be, which people copy. `gives_way`: its turn to be left out where
    that is not enough, 1 before 2; None is never left out. The columns are cut in the same order. `wraps`: where it is
    the last one that is shown, its cells go on below themselves, and are not cut.
    """

    heading: str
    cell: Callable[[_T], str | Age]
    wraps: bool = False
    only_wide: bool = False
    shortest: int | None = None
    gives_way: int | None = None
    tone: Callable[[_T], Tone] | None = None


def format_cell(value: str | Age, now: int, *, is_wide: bool) -> str:
    """Return the text of a cell."""
    if isinstance(value, str):
        return value
    if value.instant is None:
        return value.missing
    return value.prefix + (format_instant(value.instant, missing="") if is_wide else format_age(value.instant, now))


def colour(style: TerminalStyle, tone: Tone, text: str) -> str:
    """Colour a text as its tone says."""
    match tone:
        case "plain":
            return text
        case "dim":
            return style.dim(text)
        case "good":
            return style.mark_good(text)
        case "bad":
            return style.mark_bad(text)
        case "doubtful":
            return style.mark_doubtful(text)
