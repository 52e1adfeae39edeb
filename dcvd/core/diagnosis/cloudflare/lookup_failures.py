"""Lookups in DNS that failed, in the words in which CAs tell them.

boulder writes `DNS problem: query timed out looking up CAA for NAME`, and with an Extended DNS Error (RFC 8914)
`DNS problem: looking up CAA for NAME: DNSSEC: Bogus`; the others write alike.
"""

import re
from enum import Enum, auto
from typing import Final

from msgspec import Struct

_LOOKUP: Final = re.compile(
    r"looking up (?P<types>[a-z]+(?:/[a-z]+)*) (?:records? )?for (?P<name>[^\s,;:'\"()\[\]]+)", re.IGNORECASE
)
_NO_ADDRESS: Final = re.compile(
    r"no valid (?P<types>a|aaaa|ip) (?:records?|address(?:es)?) found for (?P<name>[^\s,;:'\"()\[\]]+)", re.IGNORECASE
)
_DNSSEC: Final = re.compile(r"dnssec|bogus", re.IGNORECASE)
_ABSENCE: Final = re.compile(r"nxdomain|no such (name|host)", re.IGNORECASE)


class LookupOutcome(Enum):
    """What came of a lookup."""

    UNANSWERED = auto()
    ABSENT = auto()
    """The name does not exist."""
    BOGUS = auto()
    """The answer is not signed as DNSSEC wants it."""


class LookupFailure(Struct, frozen=True):
    """A lookup that failed; `name` is in lower case and without the final dot, `types` such as `CAA` or `A/AAAA`."""

    types: str
    name: str
    outcome: LookupOutcome


def find_lookup_failure(text: str) -> LookupFailure | None:
    """Find the first lookup of which a text says that it failed; None where it speaks of none."""
    if (match := _LOOKUP.search(text)) is not None:
        # The outcome is told before the name, or behind it; the name itself may be made of such words.
        return LookupFailure(match["types"].upper(), _read_name(match), _find_outcome(text.replace(match["name"], "")))
    if (match := _NO_ADDRESS.search(text)) is not None:
        return LookupFailure(match["types"].upper(), _read_name(match), LookupOutcome.ABSENT)
    return None


def _find_outcome(text: str) -> LookupOutcome:
    if _DNSSEC.search(text):
        return LookupOutcome.BOGUS
    return LookupOutcome.ABSENT if _ABSENCE.search(text) else LookupOutcome.UNANSWERED


def _read_name(match: re.Match[str]) -> str:
    return match["name"].lower().rstrip(".")
