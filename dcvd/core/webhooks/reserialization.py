"""How JSON libraries write a body that they have parsed: with other bytes than those that were signed.

A receiver that verifies what its library writes, and not what it received, accepts a signature over the former. Each
habit here gives the bytes that some libraries write. Sources: RFC 8259, section 7 (the escapes), and what the libraries
themselves write, to which the tests hold this.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

_ESCAPE: Final = re.compile(r"\\(u[0-9a-f]{4}|.)")
_HTML: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
_LINE_SEPARATORS: Final = {0x2028: "\\u2028", 0x2029: "\\u2029"}
_SLASH: Final = {ord("/"): "\\/"}
_OF_DOTNET: Final = {ord(character): f"\\u{ord(character):04X}" for character in "<>&'+`\x7f"}
"""The characters that are escaped beyond what JSON asks for. They stand only inside of strings."""


class WritingHabit(Struct, frozen=True):
    """A way to write JSON; the sentence says who writes so. `write` takes the body that was sent."""

    sentence_id: str
    write: Callable[[bytes], bytes]


def _dump(
    body: bytes,
    *,
    is_ascii: bool = False,
    is_compact: bool = True,
    is_sorted: bool = False,
    escapes: Mapping[int, str] | None = None,
) -> str:
    """Write a body anew."""
    separators = (",", ":") if is_compact else None
    text = json.dumps(json.loads(body), ensure_ascii=is_ascii, separators=separators, sort_keys=is_sorted)
    return text.translate(escapes) if escapes else text


def _habit(sentence_id: str, **options: Any) -> WritingHabit:
    return WritingHabit(sentence_id, lambda body: _dump(body, **options).encode())


def _write_dotnet(body: bytes) -> bytes:
    def escape(match: re.Match[str]) -> str:
        if match[1] == '"':
            return "\\u0022"
        return "\\u" + match[1][1:].upper() if len(match[1]) > 1 else match[0]

    text = _ESCAPE.sub(escape, _dump(body, is_ascii=True))
    return text.translate(_OF_DOTNET).encode()


HABITS: Final = (
    _habit("habit_python", is_ascii=True, is_compact=False),
    _habit("habit_php", is_ascii=True, escapes=_SLASH),
    _habit(
        "habit_python_compact",
        is_ascii=True,
    ),
    _habit("habit_python_unicode", is_compact=False),
    _habit("habit_go_map", is_sorted=True, escapes=_HTML | _LINE_SEPARATORS),
    _habit("habit_go_struct", escapes=_HTML | _LINE_SEPARATORS),
    _habit(
        "habit_php_unicode",
        escapes=_SLASH | _LINE_SEPARATORS,
    ),
    _habit(
        "habit_php_plain",
        escapes=_LINE_SEPARATORS,
    ),
    _habit("habit_slashes", escapes=_SLASH),
    WritingHabit("habit_dotnet", _write_dotnet),
    _habit("habit_python_sorted", is_ascii=True, is_compact=False, is_sorted=True),
    _habit("habit_python_sorted_compact", is_ascii=True, is_sorted=True),
    _habit("habit_sorted", is_sorted=True),
)
"""The most frequent come first. One that writes what was sent, as JSON.stringify of JavaScript, is none."""


def decode_wrongly(body: bytes) -> bytes:
    """Return a body that was read as ISO-8859-1 and is written as UTF-8."""
    return body.decode("latin-1").encode()
