"""What the demo says: numbered steps, and below them what was done and what happened."""

import shutil
import textwrap
import time
from typing import Final, TextIO

from dcvd.cli.terminal.style import Style

_INDENT: Final = "   "
_NARROWEST, _WIDEST = 72, 120
_NAME: Final = 17


class Narrator:
    """Writes line by line to a stream, at once."""

    def __init__(self, stream: TextIO, style: Style) -> None:
        self._stream = stream
        self._style = style
        self._width = min(max(shutil.get_terminal_size((_WIDEST, 24)).columns, _NARROWEST), _WIDEST)
        self._steps = 0
        self._started = time.monotonic()

    def title(self, text: str) -> None:
        self._line(self._style.strong(text))

    def step(self, text: str) -> None:
        """The next numbered step."""
        self._steps += 1
        self._line()
        self._line(f"{self._style.accent(str(self._steps))}  {self._style.strong(text)}")

    def said(self, text: str) -> None:
        """A sentence below the step."""
        for line in self._wrapped(text, len(_INDENT)):
            self._line(_INDENT + line)

    def typed(self, text: str) -> None:
        """What somebody types or a program sends."""
        self._line(_INDENT + self._style.faint(text))

    def done(self, name: str, text: str = "") -> None:
        """Something that is there now."""
        self._line(f"{_INDENT}{self._mark()} {name.ljust(_NAME) if text else name} {text}".rstrip())

    def record(self, text: str) -> None:
        """The one thing that a reader must not overlook."""
        self._line()
        self._line(f"{_INDENT}    {self._style.strong(text)}")

    def fact(self, name: str, text: str) -> None:
        """A result."""
        self._line(f"{_INDENT}{self._style.faint(name.ljust(_NAME))} {text}")

    def start_watch(self) -> None:
        """The seconds of what happens count from here."""
        self._started = time.monotonic()

    def happened(self, name: str, text: str, *, verified: bool) -> None:
        """An event; `verified` marks a webhook that arrived with both signatures right."""
        mark = self._mark() if verified else self._style.faint("·")
        head = f"{_INDENT}{self._elapsed()} {mark} {self._style.accent(name.ljust(_NAME))} "
        indent = " " * (len(_INDENT) + 8 + 2 + 1 + _NAME)
        first, *more = self._wrapped(text, len(indent))
        self._line(head + first)
        for line in more:
            self._line(indent + line)

    def shell(self, comment: str, command: str) -> None:
        """Something to try, and what it does."""
        self._line(_INDENT + self._style.faint(f"# {comment}"))
        self._line(_INDENT + command)

    def gap(self) -> None:
        self._line()

    def _wrapped(self, text: str, indent: int) -> list[str]:
        return textwrap.wrap(text, self._width - indent, break_long_words=False, break_on_hyphens=False) or [""]

    def _elapsed(self) -> str:
        return self._style.faint(f"{time.monotonic() - self._started:5.1f} s")

    def _mark(self) -> str:
        return self._style.good("✓")

    def _line(self, text: str = "") -> None:
        print(text, file=self._stream, flush=True)
