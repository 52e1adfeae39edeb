"""Wait until something about a domain is stored, so that whoever looks at it sees the change."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from dcvd.services.context import Context
from dcvd.store.engine.transactions import Topic


class DomainWatchers:
    """Wakes those who watch a domain when a change of it is committed; built once.

    `close()` wakes everybody for good, so that a stop need not wait for them.
    """

    def __init__(self, context: Context) -> None:
        self._watchers: dict[str, set[asyncio.Event]] = {}
        self.is_closed = False
        context.database.subscribe(Topic.DOMAIN_CHANGES, self._wake)

    def __len__(self) -> int:
        """Return how many watch."""
        return sum(map(len, self._watchers.values()))

    @contextmanager
    def watch(self, domain_id: str) -> Iterator[asyncio.Event]:
        """Hold an event, which is set after each change; whoever waits clears it before they read."""
        changed = asyncio.Event()
        watchers = self._watchers.setdefault(domain_id, set())
        watchers.add(changed)
        try:
            yield changed
        finally:
            watchers.discard(changed)
            if not watchers:
                self._watchers.pop(domain_id, None)

    def close(self) -> None:
        """Wake everybody, who then finds `is_closed`."""
        self.is_closed = True
        for domain_id in list(self._watchers):
            self._wake(domain_id)

    def _wake(self, domain_id: str) -> None:
        for changed in self._watchers.get(domain_id, ()):
            changed.set()
