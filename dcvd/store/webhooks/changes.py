"""Tell open pages that deliveries or endpoints have changed."""

from collections.abc import Iterable
from itertools import chain

from dcvd.store.engine.transactions import Topic, Transaction


def announce_changes(tx: Transaction, changed: Iterable[tuple[str, str]]) -> None:
    """Announce a change to those who look at an organization's lists, and at one endpoint; of each both ids."""
    tx.announcements.update(list_changes(changed))


def list_changes(changed: Iterable[tuple[str, str]]) -> set[tuple[Topic, str]]:
    """List what `announce_changes` announces."""
    return {(Topic.DELIVERY_LISTS, key) for key in set(chain.from_iterable(changed))}
