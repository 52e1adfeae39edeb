"""Identifiers: a prefix that says what it is, then a time-ordered random part (ULID's layout, Crockford base 32)."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

RandomBytes = Callable[[int], bytes]
"""A source of randomness such as `os.urandom`; passed in, so that the core stays pure."""

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH: Final = 26


class IdPrefix(StrEnum):
    """What an identifier names."""

    ORGANIZATION = "org"
    TOKEN = "token"
    DOMAIN = "dom"
    EVENT = "evt"
    ENDPOINT = "wh"
    SECRET = "sec"
    DELIVERY = "dlv"
    JOB = "job"
    CONNECTION = "conn"
    TIMELINE = "tl"
    WRITTEN_RECORD = "rec"


def new_id(prefix: IdPrefix, now: int, random: RandomBytes) -> str:
    """`dom_01jd…`: 48 bits of milliseconds, then 80 random bits, so that newer sorts after older."""
    return _format_id(prefix, (now & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(random(10), "big"))


def earliest_id(prefix: IdPrefix, now: int) -> str:
    """What sorts before every identifier made at `now` or later, and after every earlier one."""
    return _format_id(prefix, min(max(now, 0), 0xFFFF_FFFF_FFFF) << 80)


def is_id(prefix: IdPrefix, text: str) -> bool:
    """Whether `text` has the form of such an identifier; says nothing of whether it exists."""
    head, _, tail = text.partition("_")
    return head == prefix and len(tail) == _LENGTH and all(digit in _ALPHABET for digit in tail)


def _format_id(prefix: IdPrefix, number: int) -> str:
    digits = [_ALPHABET[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5)]
    return f"{prefix}_{''.join(digits)}"
