"""The statements that run on a database, for tests of what is asked how often."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dcvd.store.engine.transactions import Parameters, Snapshot

Statement = tuple[str, Sequence[Parameters]]
"""Its SQL, and its rows of parameters."""


@contextmanager
def noted_statements() -> Iterator[list[Statement]]:
    """Note every statement while the block lasts."""
    noted: list[Statement] = []
    before, Snapshot.statement_hook = Snapshot.statement_hook, lambda sql, rows: noted.append((sql, rows))
    try:
        yield noted
    finally:
        Snapshot.statement_hook = before
