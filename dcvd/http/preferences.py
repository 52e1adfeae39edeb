"""The header `Prefer` (RFC 7240): what a client would like, and may not get."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

MAX_WAIT_S: Final = 50
"""Seconds for which a request may wait at most: common proxies give up an answer after 60."""

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_WORD: Final = rf"(?:{_TOKEN}|{_QUOTED})"
_VALUE: Final = rf"(?:[ \t]*=[ \t]*{_WORD})?"
_PREFERENCE: Final = re.compile(
    rf"[ \t]*(?P<name>{_TOKEN})(?:[ \t]*=[ \t]*(?P<value>{_WORD}))?(?:[ \t]*;(?:[ \t]*{_TOKEN}{_VALUE})?)*[ \t]*"
)
# A quote that is never closed goes on to the end: searching on behind each would cost the square of the length.
_ITEM: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+')
_SECONDS: Final = re.compile(r'"?([0-9]{1,9})"?')


def parse_wait_s(values: Iterable[str]) -> int | None:
    """Parse how many whole seconds a client would wait for an answer, capped; None if it named no wait.

    `values` are those of all `Prefer` headers. A malformed or unknown preference is ignored; of two waits the first
    counts.
    """
    for name, value in _parse_preferences(values):
        if name == "wait":
            seconds = _SECONDS.fullmatch(value)
            return None if seconds is None else min(int(seconds[1]), MAX_WAIT_S)
    return None


def _parse_preferences(values: Iterable[str]) -> Iterator[tuple[str, str]]:
    for header in values:
        for item in _ITEM.findall(header):
            match = _PREFERENCE.fullmatch(item)
            if match is not None:
                yield match["name"].lower(), match["value"] or ""
