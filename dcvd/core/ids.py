"""Identifiers: a prefix for the type, then a random part that sorts by time (ULID's layout, Crockford base 32)."""

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Final

RandomBytes = Callable[[int], bytes]
"""A source of randomness such as `os.urandom`; passed in, so that the core stays pure."""

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH: Final = 26
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
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
    high, low = divmod(int.from_bytes(random(10), "big"), 1 << 40)
    return f"{prefix}_{_format_instant(now)}{_format_40_bits(high)}{_format_40_bits(low)}"


def earliest_id(prefix: IdPrefix, now: int) -> str:
    """Return the text that sorts before all identifiers made at `now` or later, and after all earlier ones."""
    return f"{prefix}_{_format_instant(min(max(now, 0), 0xFFFF_FFFF_FFFF))}{'0' * 16}"


def is_id(prefix: IdPrefix, text: str) -> bool:
    """Whether `text` has the form of an identifier with this prefix, whether or not the object exists."""
    head, _, tail = text.partition("_")
    return head == prefix and len(tail) == _LENGTH and all(digit in _ALPHABET for digit in tail)


@lru_cache(maxsize=16)
def _format_instant(now: int) -> str:
    return _PAIRS[now >> 40 & 0xFF] + _format_40_bits(now & 0xFF_FFFF_FFFF)


def _format_40_bits(number: int) -> str:
    return _PAIRS[number >> 30] + _PAIRS[number >> 20 & 1023] + _PAIRS[number >> 10 & 1023] + _PAIRS[number & 1023]
