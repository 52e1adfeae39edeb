"""Convert names between dnspython's type, the text in facts, and the bytes in messages."""

from functools import lru_cache
from typing import Final

import dns.exception
import dns.name
from dns.name import Name

_REMEMBERED_NAMES: Final = 1024
"""Our targets and the name servers of providers stand in most answers."""

NameKey = tuple[bytes, ...]
"""A name's labels in lower case: as a key much cheaper than dnspython's type, which hashes each character."""


def parse_name(text: str) -> Name | None:
    """Parse an absolute name; return None for what DNS cannot carry."""
    try:
        return dns.name.from_text(text)
    except (dns.exception.DNSException, ValueError):
        return None


def to_text(name: Name) -> str:
    """Return a name in lower case, without the trailing dot."""
    return name.to_text(omit_final_dot=True).lower()


def to_key(name: Name) -> NameKey:
    """Return what is the same for two names exactly where they are."""
    return tuple([label.lower() for label in name.labels])


def encode_name(name: Name) -> bytes:
    """Return an absolute name as it stands in a message, uncompressed."""
    return b"".join([len(label).to_bytes() + label for label in name.labels])


@lru_cache(_REMEMBERED_NAMES)
def decode_name(wire: bytes) -> Name:
    """Return the name of the bytes of a whole, uncompressed one."""
    return dns.name.from_wire(wire, 0)[0]


def is_within(wire: bytes, zone: bytes) -> bool:
    """Whether an uncompressed name in lower case is that of a zone, or below it."""
    at = 0
    while len(wire) - at > len(zone):
        at += wire[at] + 1
    return wire[at:] == zone


def prepend_labels(labels: str, name: Name) -> Name | None:
    """Put labels before a name; return None where the result is longer than DNS allows."""
    return parse_name(f"{labels}.{name.to_text()}")
