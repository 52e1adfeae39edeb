"""Identifiers: a prefix for the type, then a random part that sorts by time (ULID's layout, Crockford base 32)."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

RandomBytes = Callable[[int], bytes]
"""A source of randomness such as `os.urandom`; passed in, so that the core stays pure."""

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH: Final = 26
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_SHIFTS: Final = range(10 * (_LENGTH // 2 - 1), -1, -10)
"""Two digits are looked up at a time: several identifiers are made for each domain that is added."""


class IdPrefix(StrEnum):
    """The prefix that says what type of object an identifier names."""

    ORGANIZATION = "org"
    TOKEN = "token"
    DOMAIN = "dom"
    EVENT = "evt"
    ENDPOINT = "wh"
    SECRET = "sec"
    DELIVERY = "dlv"
    JOB = "job"
    CONNECTION = "conn"
    MEMBER = "mem"
    LINK = "link"
    TIMELINE = "tl"
    WRITTEN_RECORD = "rec"
    ZONE = "zone"
    AUDIT_ENTRY = "aud"


def new_id(prefix: IdPrefix, now: int, random: RandomBytes) -> str:
    """Return an identifier such as `dom_01jd…`: 48 bits of milliseconds, then 80 random bits; newer ones sort last."""
    return _format_id(prefix, (now & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(random(10), "big"))


def earliest_id(prefix: IdPrefix, now: int) -> str:
    """Return the text that sorts before all identifiers made at `now` or later, and after all earlier ones."""
    return _format_id(prefix, min(max(now, 0), 0xFFFF_FFFF_FFFF) << 80)


def is_id(prefix: IdPrefix, text: str) -> bool:
    """Whether `text` has the form of an identifier with this prefix, whether or not the object exists."""
    head, _, tail = text.partition("_")
    return head == prefix and len(tail) == _LENGTH and all(digit in _ALPHABET for digit in tail)


def _format_id(prefix: IdPrefix, number: int) -> str:
    return f"{prefix}_{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}"
