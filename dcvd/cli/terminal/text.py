"""Texts as a terminal shows them: how wide they are, cut to a width, wrapped, and harmless."""

import re
import unicodedata
from typing import Final

ELLIPSIS: Final = "…"
_NO_WIDTH: Final = frozenset(("Mn", "Me", "Cf"))
_DANGEROUS: Final = frozenset(("Cc", "Cs", "Zl", "Zp"))
"""Controls, among them those that move the cursor; lone surrogates, which no stream takes; separators of lines."""
_DIRECTIONS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They change the order in which a terminal shows what follows, so that a name looks like another one."""
_JUNGSEONG: Final = range(0x1160, 0x1200)
"""The Hangul vowels and finals that join the syllable before them."""


def make_harmless(text: str) -> str:
    """Show controls as their escapes, so that what others wrote neither moves the cursor nor hides anything."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(character) if _is_dangerous(character) else character for character in text)


def measure_width(text: str) -> int:
    """Count a text's columns in a terminal: wide characters take two, combining and invisible ones none."""
    return len(text) if text.isascii() else sum(map(_measure_character, text))


def pad(text: str, width: int) -> str:
    """Add blanks behind a text up to a width."""
    return text + " " * (width - measure_width(text))


def shorten(text: str, width: int) -> str:
    """Cut a text that is wider than `width`, which is at least 1, and end it with an ellipsis."""
    return text if measure_width(text) <= width else _cut(text, width - 1) + ELLIPSIS


def wrap(text: str, width: int) -> list[str]:
    """Break a text between words into lines of at most `width`.

    A word that is longer stays whole, on a line of its own, so that it can be copied.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in re.findall(r"\S+\s*", paragraph) or [""]:
            if line and measure_width((line + word).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += word
        lines.append(line.rstrip())
    return lines


def _cut(text: str, width: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += _measure_character(character)
        if taken > width:
            return text[:index]
    return text


def _measure_character(character: str) -> int:
    if unicodedata.category(character) in _NO_WIDTH or ord(character) in _JUNGSEONG:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _is_dangerous(character: str) -> bool:
    return unicodedata.category(character) in _DANGEROUS or character in _DIRECTIONS


def _escape(character: str) -> str:
    return (
        character.encode("ascii", "backslashreplace").decode() if ord(character) > 0x7F else f"\\x{ord(character):02x}"
    )
