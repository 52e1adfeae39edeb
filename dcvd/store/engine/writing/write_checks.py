"""The one row that is written to find out whether anything can be written."""

import sqlite3

from dcvd.store.engine.transactions import Transaction


def record(tx: Transaction, now: int) -> None:
    """Write the row."""
    tx.execute(
        "INSERT INTO write_checks (id, checked_at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET checked_at = ?1",
        (now,),
    )


def commit_change(connection: sqlite3.Connection) -> None:
    """Change the row, in a transaction of its own.

    Its value is always another one than before: SQLite writes no page whose bytes stay as they are.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "INSERT INTO write_checks (id, checked_at) VALUES (1, 0)"
            " ON CONFLICT (id) DO UPDATE SET checked_at = checked_at + 1"
        )
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
