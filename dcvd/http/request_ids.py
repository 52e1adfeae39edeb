"""Ids of requests: random, and made many at a time, because each question to the system costs."""

import os
from collections.abc import Callable
from typing import Final

_ID_BYTES: Final = 8
_IDS_AT_ONCE: Final = 512


class RequestIds:
    """Makes ids of requests, 16 hexadecimal digits each."""

    def __init__(self, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._random_bytes = random_bytes
        self._ids: list[str] = []

    def make(self) -> str:
        """Return an id that nobody can guess."""
        if not self._ids:
            digits = self._random_bytes(_ID_BYTES * _IDS_AT_ONCE).hex()
            size = 2 * _ID_BYTES
            self._ids = [digits[start : start + size] for start in range(0, len(digits), size)]
        return self._ids.pop()
