"""Convert Route 53's domain names: absolute, with octal escapes (developer guide, "DNS domain name format")."""

import re
from typing import Final

from dcvd.core.dns.hostnames import to_a_labels
from dcvd.core.records.zones import HOST_TYPES, normalize_value

_OCTAL: Final = re.compile(r"\\([0-3][0-7]{2})")


def read_name(text: str) -> str:
    """Return a name in lower case, without the final dot; `\\052` becomes `*`.

    An escape that does not stand for a printable character of a label stays as it is.
    """
    return to_a_labels(_OCTAL.sub(_unescape, text))


def to_absolute(name: str) -> str:
    """Return a name with the final dot."""
    return f"{name.removesuffix('.')}."


def read_value(kind: str, text: str) -> str:
    """Return a value in the form of our records: host names in lower case, without the final dot."""
    return normalize_value(kind, _OCTAL.sub(_unescape, text)) if kind in HOST_TYPES else text


def write_value(kind: str, value: str) -> str:
    """The reverse of `read_value`."""
    return to_absolute(value) if kind in HOST_TYPES else value


def _unescape(escape: re.Match[str]) -> str:
    letter = chr(int(escape[1], 8))
    return letter if letter.isascii() and letter.isprintable() and letter not in ".\\" else escape[0]
