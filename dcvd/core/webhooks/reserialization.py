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
    """A way to write JSON; `name` says who writes so, for people. `write` takes the body that was sent."""

    name: str
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


def _habit(name: str, **options: Any) -> WritingHabit:
    return WritingHabit(name, lambda body: _dump(body, **options).encode())


def _write_dotnet(body: bytes) -> bytes:
    def escape(match: re.Match[str]) -> str:
        if match[1] == '"':
            return "\\u0022"
        return "\\u" + match[1][1:].upper() if len(match[1]) > 1 else match[0]

    text = _ESCAPE.sub(escape, _dump(body, is_ascii=True))
    return text.translate(_OF_DOTNET).encode()


HABITS: Final = (
    _habit("json.dumps of Python", is_ascii=True, is_compact=False),
    _habit("json_encode of PHP", is_ascii=True, escapes=_SLASH),
    _habit(
        "json.dumps of Python with compact separators, or json_encode of PHP with JSON_UNESCAPED_SLASHES",
        is_ascii=True,
    ),
    _habit("json.dumps of Python with ensure_ascii=False", is_compact=False),
    _habit("json.Marshal of Go with a map", is_sorted=True, escapes=_HTML | _LINE_SEPARATORS),
    _habit("json.Marshal of Go with a struct, to_json of Rails, or Gson of Java", escapes=_HTML | _LINE_SEPARATORS),
    _habit(
        "json_encode of PHP with JSON_UNESCAPED_UNICODE, or JSON.generate of Ruby with script_safe",
        escapes=_SLASH | _LINE_SEPARATORS,
    ),
    _habit(
        "json_encode of PHP with JSON_UNESCAPED_SLASHES and JSON_UNESCAPED_UNICODE, an encoder of Go without the"
        " escapes of HTML, or Json.NET",
        escapes=_LINE_SEPARATORS,
    ),
    _habit("a library that escapes slashes alone, as JSON.generate of Ruby with escape_slash", escapes=_SLASH),
    WritingHabit("System.Text.Json of .NET", _write_dotnet),
    _habit("json.dumps of Python with sort_keys=True", is_ascii=True, is_compact=False, is_sorted=True),
    _habit("json.dumps of Python with sort_keys=True and compact separators", is_ascii=True, is_sorted=True),
    _habit("a library that sorts the members", is_sorted=True),
)
"""The most frequent come first. One that writes what was sent, as JSON.stringify of JavaScript, is none."""


def decode_wrongly(body: bytes) -> bytes:
    """Return a body that was read as ISO-8859-1 and is written as UTF-8."""
    return body.decode("latin-1").encode()
