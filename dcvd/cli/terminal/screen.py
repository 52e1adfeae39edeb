"""What a command prints on: a terminal of some width and height, or a pipe or file, which has neither."""

import os
import shutil
import sys
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dcvd.cli.terminal.style import TerminalStyle

_NARROWEST: Final = 20


class Screen(Struct, frozen=True):
    """`width` and `height` are in characters; both are None where the output is no terminal: nothing is cut there."""

    width: int | None
    height: int | None
    style: TerminalStyle


def find_screen(environ: Mapping[str, str] = os.environ) -> Screen:
    """Find out what standard output is. COLUMNS and LINES say the size of a terminal, else the terminal itself does."""
    style = TerminalStyle.for_stream(sys.stdout, environ)
    if not sys.stdout.isatty():
        return Screen(None, None, style)
    size = shutil.get_terminal_size()
    return Screen(max(size.columns, _NARROWEST), size.lines, style)
