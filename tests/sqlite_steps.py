"""What a read costs, whatever the machine does beside it: the steps of SQLite's machine."""

import sqlite3
from collections.abc import Callable


def count_steps(connection: sqlite3.Connection, work: Callable[[], object], *, every: int = 1) -> int:
    """Return how many steps the statements of a piece of work take; counted by so many at a time, which is quicker."""
    calls = 0

    def count() -> int:
        nonlocal calls
        calls += 1
        return 0

    connection.set_progress_handler(count, every)
    try:
        work()
    finally:
        connection.set_progress_handler(None, 0)
    return calls * every
