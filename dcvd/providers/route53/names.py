"""Domain names as Route 53 writes them: absolute, with octal escapes (developer guide, "DNS domain name format")."""

import re
from typing import Final

_OCTAL: Final = re.compile(r"\\([0-3][0-7]{2})")
_HOST_TYPES: Final = frozenset({"CNAME", "MX", "NS", "PTR", "SRV"})


def read_name(text: str) -> str:
    """Lower case, without the final dot; `\\052` is `*`. What would not be one letter of a label stays escaped."""
    return _OCTAL.sub(_unescape, text).lower().removesuffix(".")


def to_absolute(name: str) -> str:
    """With the final dot."""
    return f"{name.removesuffix('.')}."


def read_value(kind: str, text: str) -> str:
    """A value in the form that records here have: host names lower case and without the final dot."""
    if kind not in _HOST_TYPES:
        return text
    front, _, host = text.strip().rpartition(" ")
    return f"{front} {read_name(host)}".lstrip()


def write_value(kind: str, value: str) -> str:
    """The reverse of `read_value`."""
    return to_absolute(value) if kind in _HOST_TYPES else value


def _unescape(escape: re.Match[str]) -> str:
    letter = chr(int(escape[1], 8))
    return letter if letter.isascii() and letter.isprintable() and letter not in ".\\" else escape[0]
