"""Wait until something is stored that an open page shows, so that whoever looks at it sees the change."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from dcvd.services.context import Context
from dcvd.store.engine.transactions import Topic

ANY_ORGANIZATION: Final = ""
"""Stands in place of an organization's id for those who look at all."""
WATCHED_TOPICS: Final = (
    Topic.DOMAIN_CHANGES,
    Topic.DOMAIN_LISTS,
    Topic.DELIVERY_LISTS,
    Topic.JOB_LISTS,
    Topic.EVENTS,
)


class Watchers:
    """Wakes those who watch something when a change of it is committed; built once. topics: what can be watched.

    `close()` wakes everybody for good, so that a stop need not wait for them.
    """

    def __init__(self, context: Context, topics: Collection[Topic] = WATCHED_TOPICS) -> None:
        self._topics = topics
        self._watchers: dict[tuple[Topic, str], set[asyncio.Event]] = {}
        self.is_closed = False
        for topic in topics:
            context.database.subscribe(topic, partial(self._wake, topic))

    def __len__(self) -> int:
        """Return how many watch."""
        return sum(map(len, self._watchers.values()))

    @property
    def counts(self) -> dict[tuple[Topic, str], int]:
        """How many watch each thing; one that nobody watches is not named."""
        return {watched: len(watchers) for watched, watchers in self._watchers.items()}

    def count(self, topic: Topic, key: str) -> int:
        """Return how many watch one thing."""
        return len(self._watchers.get((topic, key), ()))

    @contextmanager
    def watch(self, topic: Topic, key: str) -> Iterator[asyncio.Event]:
        """Hold an event, which is set after each change; whoever waits clears it before they read.

        key: a domain's id for `DOMAIN_CHANGES`, else an organization's; `ANY_ORGANIZATION` for whichever. Raises
        ValueError for a topic that nobody wakes.
        """
        if topic not in self._topics:
            raise ValueError(f"nobody is woken by {topic}")
        changed = asyncio.Event()
        watchers = self._watchers.setdefault((topic, key), set())
        watchers.add(changed)
        try:
            yield changed
        finally:
            watchers.discard(changed)
            if not watchers:
                self._watchers.pop((topic, key), None)

    def close(self) -> None:
        """Wake everybody, who then finds `is_closed`."""
        self.is_closed = True
        for watchers in self._watchers.values():
            for changed in watchers:
                changed.set()

    def _wake(self, topic: Topic, key: str) -> None:
        for each in {key, ANY_ORGANIZATION}:
            for changed in self._watchers.get((topic, each), ()):
                changed.set()
