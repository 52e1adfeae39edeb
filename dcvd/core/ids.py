"""Identifiers: a prefix for the type, then a random part that sorts by time (ULID's layout, Crockford base 32)."""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Final

from dcvd.core.base32 import CROCKFORD

RandomBytes = Callable[[int], bytes]
"""A source of randomness such as `os.urandom`; passed in, so that the core stays pure."""

_ALPHABET: Final = CROCKFORD.alphabet
_LENGTH: Final = 26
_INSTANT_LENGTH: Final = 10
_RANDOM_LENGTH: Final = _LENGTH - _INSTANT_LENGTH
_DIGITS_OF_BYTES: Final = (_ALPHABET * (256 // len(_ALPHABET))).encode()

MAX_ID_CHARS: Final = 100
_ANY_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)


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
    SESSION = "ses"
    TIMELINE = "tl"
    WRITTEN_RECORD = "rec"
    ZONE = "zone"
    AUDIT_ENTRY = "aud"
    CONTACT = "con"
    MESSAGE = "msg"


def new_id(prefix: IdPrefix, now: int, random: RandomBytes) -> str:
    """Return an identifier such as `dom_01jd…`: 48 bits of milliseconds, then 80 random bits; newer ones sort last."""
    high, low = divmod(int.from_bytes(random(10), "big"), 1 << 40)
    return f"{prefix}_{_write_instant(now)}{CROCKFORD.write_40_bits(high)}{CROCKFORD.write_40_bits(low)}"


def new_ids(prefix: IdPrefix, count: int, now: int, random: RandomBytes) -> list[str]:
    """Return so many identifiers such as `new_id` makes, in ascending order.

    So what is stored in this order is put behind what is stored already, in the table and in its indexes.
    """
    if count == 1:
        return [new_id(prefix, now, random)]
    head = f"{prefix}_{_write_instant(now)}"
    # Five bits of each byte make a digit: one look-up in C writes the digits of all.
    digits = random(_RANDOM_LENGTH * count).translate(_DIGITS_OF_BYTES).decode()
    return sorted([head + digits[start : start + _RANDOM_LENGTH] for start in range(0, len(digits), _RANDOM_LENGTH)])


def earliest_id(prefix: IdPrefix, now: int) -> str:
    """Return the text that sorts before all identifiers made at `now` or later, and after all earlier ones."""
    return f"{prefix}_{_write_instant(min(max(now, 0), 0xFFFF_FFFF_FFFF))}{'0' * _RANDOM_LENGTH}"


def is_id(prefix: IdPrefix, text: str) -> bool:
    """Whether `text` has the form of an identifier with this prefix, whether or not the object exists."""
    head, _, tail = text.partition("_")
    return head == prefix and len(tail) == _LENGTH and all(digit in _ALPHABET for digit in tail)


def may_be_id(text: str) -> bool:
    """Whether a text can be an id, ours or one that was imported, which keeps the form that it had.

    It can stand in a path, in a cursor and on a command line.
    """
    return len(text) <= MAX_ID_CHARS and _ANY_ID.fullmatch(text) is not None


def instant_of(identifier: str) -> int:
    """Return the milliseconds at which an identifier was made, which `is_id` has found to be one."""
    tail = identifier.partition("_")[2]
    instant = 0
    for digit in tail[:_INSTANT_LENGTH]:
        instant = instant * len(_ALPHABET) + _ALPHABET.index(digit)
    return instant


@lru_cache(maxsize=16)
def _write_instant(now: int) -> str:
    return CROCKFORD.write_pair(now >> 40 & 0xFF) + CROCKFORD.write_40_bits(now & 0xFF_FFFF_FFFF)
