"""Colours for terminals that support them."""

import os
from collections.abc import Mapping
from typing import Final, TextIO

_RESET: Final = "\x1b[0m"


class TerminalStyle:
    """Adds colours to texts; each method returns its text unchanged if colours are off."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    @classmethod
    def for_stream(cls, stream: TextIO, environ: Mapping[str, str] = os.environ) -> "TerminalStyle":
        """Choose colours if the stream is a terminal, unless NO_COLOR forbids them (https://no-color.org)."""
        return cls(colours=stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")

    def emphasize(self, text: str) -> str:
        return self._color("1", text)

    def dim(self, text: str) -> str:
        return self._color("2", text)

    def mark_good(self, text: str) -> str:
        return self._color("32", text)

    def mark_bad(self, text: str) -> str:
        return self._color("31", text)

    def mark_doubtful(self, text: str) -> str:
        return self._color("33", text)

    def highlight(self, text: str) -> str:
        return self._color("36", text)

    def _color(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self._colours and text else text
