"""Lines of the overview: a text as wide as it may be, and what its colour says."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from dcvd.cli.terminal.columns import Tone
from dcvd.cli.terminal.text import make_harmless, measure_width, pad, shorten, wrap

LABEL_WIDTH: Final = 11
_SEPARATOR: Final = " · "
_MARKS: Final = {"bad": "!", "warning": "~", "note": "-"}
_TONES: Final[dict[str, Tone]] = {"bad": "bad", "warning": "doubtful", "note": "plain"}
_MAX_MESSAGE_LINES: Final = 2


class Line(Struct, frozen=True):
    """A line, which is no wider than was asked for."""

    text: str
    tone: Tone = "plain"


def format_fact(label: str, parts: Sequence[str], width: int, tone: Tone = "plain") -> list[Line]:
    """Format one fact, whose parts are separated by dots; it goes on below itself where it is too wide."""
    room = width - LABEL_WIDTH - 1
    rows: list[str] = []
    for part in filter(None, map(make_harmless, parts)):
        joined = f"{rows[-1]}{_SEPARATOR}{part}" if rows else part
        if rows and measure_width(joined) <= room:
            rows[-1] = joined
        else:
            rows.append(shorten(part, room))
    labels = [label, *[""] * (len(rows) - 1)]
    return [Line(f"{pad(name, LABEL_WIDTH)} {row}", tone) for name, row in zip(labels, rows, strict=True)]


def format_problem(weight: str, message: str, advice: str, width: int) -> list[Line]:
    """Format a problem: a mark for its weight, what is so, and below it what to do."""
    tone = _TONES[weight]
    message_lines = _wrap(message, width - 2)
    if len(message_lines) > _MAX_MESSAGE_LINES:
        rest = " ".join(message_lines[_MAX_MESSAGE_LINES - 1 :])
        message_lines = [*message_lines[: _MAX_MESSAGE_LINES - 1], shorten(rest, width - 2)]
    first, *others = message_lines
    return [
        Line(f"{_MARKS[weight]} {first}", tone),
        *(Line(f"  {other}", tone) for other in others),
        *(Line(f"  {line}", "dim") for line in _wrap(f"> {advice}", width - 2)),
    ]


def choose_problems(formatted: Iterable[list[Line]], room: int, width: int) -> list[Line]:
    """Choose as many problems, each with its lines, as there is room for, and say how many there are beyond."""
    chosen: list[Line] = []
    waiting = list(formatted)
    while waiting and len(chosen) + len(waiting[0]) <= room - (1 if len(waiting) > 1 else 0):
        chosen += waiting.pop(0)
    if waiting:
        chosen.append(Line(shorten(f"  and {len(waiting)} more: dcvd status --json has all.", width), "dim"))
    return chosen


def _wrap(text: str, width: int) -> list[str]:
    return [shorten(line, width) for line in wrap(make_harmless(text), width)]
