"""Colours for a terminal that wants them."""

import os
from collections.abc import Mapping
from typing import Final, TextIO

_RESET: Final = "\x1b[0m"


class Style:
    """Each method dresses a text; without colours it stays as it is."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    @classmethod
    def for_stream(cls, stream: TextIO, environ: Mapping[str, str] = os.environ) -> "Style":
        """Colours on a terminal alone, and never against NO_COLOR (https://no-color.org)."""
        return cls(colours=stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")

    def strong(self, text: str) -> str:
        return self._dressed("1", text)

    def faint(self, text: str) -> str:
        return self._dressed("2", text)

    def good(self, text: str) -> str:
        return self._dressed("32", text)

    def bad(self, text: str) -> str:
        return self._dressed("31", text)

    def doubtful(self, text: str) -> str:
        return self._dressed("33", text)

    def accent(self, text: str) -> str:
        return self._dressed("36", text)

    def _dressed(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self._colours and text else text
