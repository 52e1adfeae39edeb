"""The conditions of the system that the operator's programs were told of, and that are not over."""

from dcvd.core.system_conditions import SystemCondition
from dcvd.store.engine.transactions import Snapshot, Transaction


def read_all(snapshot: Snapshot) -> dict[SystemCondition, int]:
    """Read each condition that is present, with the instant since when."""
    return {
        SystemCondition(name): since for name, since in snapshot.fetch_all("SELECT name, since FROM system_conditions")
    }


def insert(tx: Transaction, condition: SystemCondition, since: int) -> None:
    """Store that a condition is present."""
    tx.execute("INSERT INTO system_conditions (name, since) VALUES (?, ?)", (condition.value, since))


def delete(tx: Transaction, condition: SystemCondition) -> None:
    """Store that a condition is over."""
    tx.execute("DELETE FROM system_conditions WHERE name = ?", (condition.value,))
