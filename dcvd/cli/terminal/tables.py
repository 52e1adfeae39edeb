"""Tables and lists of facts as aligned plain text."""

import unicodedata
from collections.abc import Sequence

from dcvd.core.instants import from_rfc3339, to_rfc3339


def format_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format rows in columns two blanks apart, with headings in capitals and no blanks at the end of a line."""
    lines = [[heading.upper() for heading in headings], *rows]
    widths = [max(_display_width(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join("  ".join(map(_pad, line, widths)).rstrip() for line in lines)


def format_facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Format one fact a line, its name first."""
    width = max(_display_width(name) for name, _ in pairs)
    return "\n".join(f"{_pad(name, width)}  {value}" for name, value in pairs)


def format_instant(rfc3339: str | None, *, missing: str) -> str:
    """Format an instant as `2026-01-15 10:30 UTC`."""
    if rfc3339 is None:
        return missing
    day, clock = to_rfc3339(from_rfc3339(rfc3339)).split("T")
    return f"{day} {clock[:5]} UTC"


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _display_width(text))


def _display_width(text: str) -> int:
    """Count a text's columns in a terminal: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
