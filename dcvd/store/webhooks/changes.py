"""Tell open pages that deliveries or endpoints have changed."""

from collections.abc import Iterable

from dcvd.store.engine.transactions import Topic, Transaction


def announce_changes(tx: Transaction, changed: Iterable[tuple[str, str]]) -> None:
    """Announce a change to those who look at an organization's lists, and at one endpoint; of each both ids."""
    for keys in changed:
        for key in keys:
            tx.announce(Topic.DELIVERY_LISTS, key)
