"""Tables and lists of facts as aligned plain text."""

from collections.abc import Sequence
from typing import Final

from dcvd.cli.terminal.ages import format_instant
from dcvd.cli.terminal.text import make_harmless, measure_width, pad, wrap

__all__ = ["format_facts", "format_instant", "format_table"]

GAP: Final = "  "
_NARROWEST_VALUE: Final = 20
"""Where less is left beside the names, or a word is longer, a value begins on the line below its name."""


def format_table(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Format rows in columns two blanks apart, with headings in capitals and no blanks at the end of a line.

    Where they are wider than `width`, each row is a block of facts.
    """
    lines = [[heading.upper() for heading in headings], *(list(map(make_harmless, row)) for row in rows)]
    widths = [max(measure_width(line[column]) for line in lines) for column in range(len(headings))]
    if width is not None and sum(widths) + len(GAP) * (len(widths) - 1) > width:
        names = [heading[:1].upper() + heading[1:] for heading in headings]
        facts = ([pair for pair in zip(names, row, strict=True) if pair[1]] for row in rows)
        return "\n\n".join(format_facts(pairs, width) for pairs in facts if pairs)
    return "\n".join(GAP.join(map(pad, line, widths)).rstrip() for line in lines)


def format_facts(pairs: Sequence[tuple[str, str]], width: int | None = None) -> str:
    """Format one fact a line, its name first; `width`: that of the lines, where a value goes on below itself.

    A value may have several lines.
    """
    names_width = max(measure_width(name) for name, _ in pairs)
    room = None if width is None else width - names_width - len(GAP)
    return "\n".join(line for name, value in pairs for line in _format_fact(name, value, names_width, room))


def _format_fact(name: str, value: str, names_width: int, room: int | None) -> list[str]:
    parts = [make_harmless(part) for part in value.split("\n")]
    if room is None or all(measure_width(part) <= room for part in parts):
        first, *others = parts
        return [f"{pad(name, names_width)}{GAP}{first}", *(" " * names_width + GAP + other for other in others)]
    if room < _NARROWEST_VALUE or any(measure_width(word) > room for part in parts for word in part.split()):
        return [name, *(GAP + line for part in parts for line in wrap(part, names_width + room))]
    first, *others = (line for part in parts for line in wrap(part, room))
    return [f"{pad(name, names_width)}{GAP}{first}", *(" " * names_width + GAP + other for other in others)]
