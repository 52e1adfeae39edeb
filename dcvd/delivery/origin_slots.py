"""Limit the attempts in flight to one origin: a hundred webhooks there make no hundred posts at once.

A receiver that answers soon is not overloaded, and what is in flight to it is soon over. So the attempts of endpoints
that are slow, silent or not known yet are limited, and those of fast ones only to several times as many.
"""

from collections.abc import Callable
from typing import Final, TypeVar

K = TypeVar("K")

_ORGANIZATION_SHARE: Final = 0.75
"""The part of an origin's slow attempts that one organization may have: many share an origin, such as a chat service's.
It is more than one endpoint may have, so that a silent endpoint leaves room for others at its origin."""
_FAST_FACTOR: Final = 4


class OriginSlots:
    """Counts the attempts in flight to each origin (scheme, host, port)."""

    def __init__(self, get_limit: Callable[[], int]) -> None:
        """`get_limit` returns how many attempts of slow endpoints may be in flight to one origin now."""
        self._get_limit = get_limit
        # No `Counter`: it finds a key that is missing by a call of Python's, and most keys come and go with an attempt.
        self._held: dict[str, int] = {}
        self._slow: dict[str, int] = {}
        self._slow_of_org: dict[tuple[str, str], int] = {}

    def has_free(self, origin: str, *, is_fast: bool) -> bool:
        """Whether some organization may start one more attempt of a fast or of a slow endpoint."""
        limit = self._get_limit()
        return self._held.get(origin, 0) < _FAST_FACTOR * limit and (is_fast or self._slow.get(origin, 0) < limit)

    def has_room(self, origin: str, org_id: str, *, is_fast: bool) -> bool:
        """Whether an organization may start one more attempt of a fast or of a slow endpoint."""
        if not self.has_free(origin, is_fast=is_fast):
            return False
        if is_fast:
            return True
        return self._slow_of_org.get((origin, org_id), 0) < max(int(self._get_limit() * _ORGANIZATION_SHARE), 1)

    def hold(self, origin: str, org_id: str, *, is_fast: bool) -> None:
        """Count an attempt as in flight, until `release`."""
        self._held[origin] = self._held.get(origin, 0) + 1
        if not is_fast:
            self._slow[origin] = self._slow.get(origin, 0) + 1
            self._slow_of_org[origin, org_id] = self._slow_of_org.get((origin, org_id), 0) + 1

    def release(self, origin: str, org_id: str, *, is_fast: bool) -> None:
        """Count an attempt as ended; `is_fast` as it was given to `hold`."""
        _decrement(self._held, origin)
        if not is_fast:
            _decrement(self._slow, origin)
            _decrement(self._slow_of_org, (origin, org_id))


def _decrement(counts: dict[K, int], key: K) -> None:
    count = counts[key] - 1
    if count:
        counts[key] = count
    else:
        del counts[key]
