"""The epochs that restores have begun, and the numbers of events that they move ahead."""

from dcvd.core.epochs import epoch_of, sequence_before
from dcvd.store.engine.transactions import Snapshot, Transaction


def read_last(snapshot: Snapshot) -> int:
    """Read the newest epoch, 0 before the first restore, by what is stored of it and by the numbers of events."""
    last_sequence = snapshot.fetch_count("SELECT max(last_sequence) FROM organizations")
    return max(epoch_of(last_sequence), snapshot.fetch_count("SELECT max(epoch) FROM epochs"))


def begin(tx: Transaction, epoch: int, now: int) -> None:
    """Begin an epoch: the next event of each organization is its first one."""
    tx.execute("INSERT INTO epochs (epoch, began_at) VALUES (?, ?)", (epoch, now))
    tx.execute("UPDATE organizations SET last_sequence = ?1 WHERE last_sequence < ?1", (sequence_before(epoch),))
