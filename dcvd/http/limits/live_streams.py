"""How many open pages are told of changes as they happen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dcvd.errors import TooManyRequests

MAX_STREAMS_PER_BEARER: Final = 8
MAX_STREAMS: Final = 2_000
_RETRY_AFTER_S: Final = 30.0


class LiveStreams:
    """Bounds how many pages are told of changes at once, in all and of one bearer; the others ask now and then."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many pages are told."""
        return sum(self._counts.values())

    @contextmanager
    def hold(self, bearer_id: str) -> Iterator[None]:
        """Hold a place. Raises TooManyRequests."""
        if self._counts.get(bearer_id, 0) >= MAX_STREAMS_PER_BEARER or len(self) >= MAX_STREAMS:
            raise TooManyRequests(
                "Too many open pages follow live; this one asks now and then.", retry_after_s=_RETRY_AFTER_S
            )
        self._counts[bearer_id] = self._counts.get(bearer_id, 0) + 1
        try:
            yield
        finally:
            self._counts[bearer_id] -= 1
            if not self._counts[bearer_id]:
                del self._counts[bearer_id]
