"""The demo's output: numbered steps, and below each what was done and what happened."""

import shutil
import textwrap
import time
from typing import Final, TextIO

from dcvd.cli.terminal.style import TerminalStyle

_INDENT: Final = "   "
_MIN_WIDTH, _MAX_WIDTH = 72, 120
_NAME_WIDTH: Final = 17


class Narrator:
    """Writes the demo's lines to a stream, and flushes each one."""

    def __init__(self, stream: TextIO, style: TerminalStyle) -> None:
        self._stream = stream
        self._style = style
        self._width = min(max(shutil.get_terminal_size((_MAX_WIDTH, 24)).columns, _MIN_WIDTH), _MAX_WIDTH)
        self._step_number = 0
        self._started_s = time.monotonic()

    def show_title(self, text: str) -> None:
        self._print_line(self._style.emphasize(text))

    def start_step(self, text: str) -> None:
        """Begin the next numbered step."""
        self._step_number += 1
        self._print_line()
        self._print_line(f"{self._style.highlight(str(self._step_number))}  {self._style.emphasize(text)}")

    def say(self, text: str) -> None:
        """Write a sentence below the step."""
        for line in self._wrap(text, len(_INDENT)):
            self._print_line(_INDENT + line)

    def show_command(self, text: str) -> None:
        """Show a command that somebody types, or a request that a program sends."""
        self._print_line(_INDENT + self._style.dim(text))

    def show_created(self, name: str, text: str = "") -> None:
        """Show something that was created."""
        self._print_line(f"{_INDENT}{self._check_mark()} {name.ljust(_NAME_WIDTH) if text else name} {text}".rstrip())

    def show_record(self, text: str) -> None:
        """Show a DNS record so that a reader cannot overlook it."""
        self._print_line()
        self._print_line(f"{_INDENT}    {self._style.emphasize(text)}")

    def show_fact(self, name: str, text: str) -> None:
        """Show a result: its name, and its value."""
        self._print_line(f"{_INDENT}{self._style.dim(name.ljust(_NAME_WIDTH))} {text}")

    def restart_clock(self) -> None:
        """Count the seconds of events from now on."""
        self._started_s = time.monotonic()

    def show_event(self, name: str, text: str, *, is_verified: bool) -> None:
        """Show an event; `is_verified` marks a webhook that arrived with both signatures right."""
        mark = self._check_mark() if is_verified else self._style.dim("·")
        head = f"{_INDENT}{self._format_elapsed()} {mark} {self._style.highlight(name.ljust(_NAME_WIDTH))} "
        indent = " " * (len(_INDENT) + 8 + 2 + 1 + _NAME_WIDTH)
        first, *more = self._wrap(text, len(indent))
        self._print_line(head + first)
        for line in more:
            self._print_line(indent + line)

    def show_shell_command(self, comment: str, command: str) -> None:
        """Show a shell command to try, and what it does."""
        self._print_line(_INDENT + self._style.dim(f"# {comment}"))
        self._print_line(_INDENT + command)

    def add_gap(self) -> None:
        self._print_line()

    def _wrap(self, text: str, indent: int) -> list[str]:
        return textwrap.wrap(text, self._width - indent, break_long_words=False, break_on_hyphens=False) or [""]

    def _format_elapsed(self) -> str:
        return self._style.dim(f"{time.monotonic() - self._started_s:5.1f} s")

    def _check_mark(self) -> str:
        return self._style.mark_good("✓")

    def _print_line(self, text: str = "") -> None:
        print(text, file=self._stream, flush=True)
