"""Convert names between dnspython's type, the text in facts, and the bytes in messages."""

import re
from functools import lru_cache
from typing import Final

import dns.exception
import dns.name
from dns.name import Name

_REMEMBERED_NAMES: Final = 2048
"""Our targets, the name servers of providers and the top-level domains stand in most looks."""
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
"""A name whose text is its labels: nothing in it is escaped, and all of it is ASCII."""
_PLAIN_LABELS: Final = re.compile(rb"[A-Za-z0-9_.-]+")

NameKey = tuple[bytes, ...]
"""A name's labels in lower case: as a key much cheaper than dnspython's type, which hashes each character."""


def parse_name(text: str) -> Name | None:
    """Parse an absolute name; return None for what DNS cannot carry."""
    try:
        if _PLAIN_NAME.fullmatch(text):
            return _make_name((*text.removesuffix(".").encode().split(b"."), b""))
        return dns.name.from_text(text)
    except (dns.exception.DNSException, ValueError):
        return None


def to_text(name: Name) -> str:
    """Return a name in lower case, without the trailing dot."""
    return _to_text(name.labels)


def is_root(name: Name) -> bool:
    """Whether an absolute name has no parent."""
    return len(name.labels) == 1


def get_parent(name: Name) -> Name:
    """Return the name without its first label; the root has no parent."""
    return _make_name(name.labels[1:])


def to_key(name: Name) -> NameKey:
    """Return what is the same for two names exactly where they are."""
    return _to_key(name.labels)


def is_same(one: Name, other: Name) -> bool:
    """Whether two absolute names are the same: at a tenth of what it costs dnspython to tell."""
    return _to_key(one.labels) == _to_key(other.labels)


def is_at_or_below(name: Name, zone: Name) -> bool:
    """Whether an absolute name is that of a zone, or below it."""
    key = _to_key(zone.labels)
    return _to_key(name.labels)[-len(key) :] == key


def encode_name(name: Name) -> bytes:
    """Return an absolute name as it stands in a message, uncompressed."""
    return _encode_labels(name.labels)


@lru_cache(_REMEMBERED_NAMES)
def _make_name(labels: tuple[bytes, ...]) -> Name:
    return Name(labels)


@lru_cache(_REMEMBERED_NAMES)
def _encode_labels(labels: tuple[bytes, ...]) -> bytes:
    return b"".join([len(label).to_bytes() + label for label in labels])


@lru_cache(_REMEMBERED_NAMES)
def _to_key(labels: tuple[bytes, ...]) -> NameKey:
    return tuple([label.lower() for label in labels])


@lru_cache(_REMEMBERED_NAMES)
def _to_text(labels: tuple[bytes, ...]) -> str:
    joined = b".".join(labels[:-1])
    if _PLAIN_LABELS.fullmatch(joined) and joined.count(b".") == len(labels) - 2:
        return joined.decode().lower()
    return _make_name(labels).to_text(omit_final_dot=True).lower()


@lru_cache(_REMEMBERED_NAMES)
def decode_name(wire: bytes) -> Name:
    """Return the name of the bytes of a whole, uncompressed one."""
    labels, at = [], 0
    while length := wire[at]:
        labels.append(wire[at + 1 : at + 1 + length])
        at += 1 + length
    return _make_name((*labels, b""))


def is_within(wire: bytes, zone: bytes) -> bool:
    """Whether an uncompressed name in lower case is that of a zone, or below it."""
    at = 0
    while len(wire) - at > len(zone):
        at += wire[at] + 1
    return wire[at:] == zone


def prepend_labels(labels: str, name: Name) -> Name | None:
    """Put labels before a name; return None where the result is longer than DNS allows."""
    return parse_name(f"{labels}.{name.to_text()}")
