"""The one row that is written to find out whether anything can be written."""

from dcvd.store.engine.transactions import Transaction


def record(tx: Transaction, now: int) -> None:
    """Write the row."""
    tx.execute(
        "INSERT INTO write_checks (id, checked_at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET checked_at = ?1",
        (now,),
    )
