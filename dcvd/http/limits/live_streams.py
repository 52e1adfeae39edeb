"""How many open pages are told of changes as they happen."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from dcvd.core.callers import Caller
from dcvd.core.sentences.wording import word
from dcvd.errors import TooManyRequests

K = TypeVar("K")

MAX_STREAMS_PER_BEARER: Final = 8
MAX_STREAMS_PER_CLAIMANT: Final = 500
"""Of one organization, and of all its customers together: the places of all are not one organization's to take."""
MAX_STREAMS: Final = 2_000
_RETRY_AFTER_S: Final = 30.0


class LiveStreams:
    """Bounds how many pages are told of changes at once, in all, of one claimant and of one link or session.

    The others ask now and then.
    """

    def __init__(self) -> None:
        self._of_bearers: Counter[str] = Counter()
        self._of_claimants: Counter[str | None] = Counter()

    def __len__(self) -> int:
        """Return how many pages are told."""
        return self._of_bearers.total()

    @contextmanager
    def hold(self, caller: Caller) -> Iterator[None]:
        """Hold a place for a page of a caller's link or session. Raises TooManyRequests."""
        bearer_id, claimant = caller.session_id or caller.id, caller.claimant
        if (
            self._of_bearers[bearer_id] >= MAX_STREAMS_PER_BEARER
            or (claimant is not None and self._of_claimants[claimant] >= MAX_STREAMS_PER_CLAIMANT)
            or len(self) >= MAX_STREAMS
        ):
            raise TooManyRequests(word("live_pages_too_many"), retry_after_s=_RETRY_AFTER_S)
        with _count(self._of_bearers, bearer_id), _count(self._of_claimants, claimant):
            yield


@contextmanager
def _count(counts: Counter[K], key: K) -> Iterator[None]:
    counts[key] += 1
    try:
        yield
    finally:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]
