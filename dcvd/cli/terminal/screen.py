"""What a command prints on: a terminal of some width and height, or a pipe or file, which has neither."""

import os
import shutil
import sys
from collections.abc import Mapping
from typing import Final, TextIO

from msgspec import Struct

from dcvd.cli.terminal.style import TerminalStyle

_NARROWEST: Final = 20
_USUAL: Final = 80


class Screen(Struct, frozen=True):
    """`width` and `height` are in characters; both are None where the output is no terminal: nothing is cut there."""

    width: int | None
    height: int | None
    style: TerminalStyle


def find_screen(environ: Mapping[str, str] = os.environ) -> Screen:
    """Find out what standard output is. COLUMNS and LINES say the size of a terminal, else the terminal itself does."""
    style, width = TerminalStyle.for_stream(sys.stdout, environ), find_width(sys.stdout, environ)
    return Screen(width, None if width is None else shutil.get_terminal_size().lines, style)


def find_width(stream: TextIO, environ: Mapping[str, str] = os.environ) -> int | None:
    """Return the width of the terminal that a stream leads to, or None. COLUMNS says it, else the terminal itself."""
    if not stream.isatty():
        return None
    given = environ.get("COLUMNS", "")
    columns = int(given) if given.isascii() and given.isdigit() else 0
    if not columns:
        try:
            columns = os.get_terminal_size(stream.fileno()).columns
        except OSError:
            columns = 0
    return max(columns or _USUAL, _NARROWEST)
