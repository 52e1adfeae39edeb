"""What has to be true of a database after a fault: it is whole, and holds what was acknowledged and nothing refused."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from tests.daemon.rows import check_rules


def judge_database(path: Path) -> None:
    """Open a database, which recovers it, and see that `dcvd check` finds nothing."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    check_rules(path)


def judge_rows(path: Path, said: str) -> dict[str, set[int]]:
    """Hold what is stored to what `storing.py` said; return the numbers by what it said of them."""
    judge_database(path)
    with closing(sqlite3.connect(path)) as connection:
        found = {int(identifier[4:]) for (identifier,) in connection.execute("SELECT id FROM organizations")}
    by_outcome: dict[str, set[int]] = {}
    for line in said.splitlines():
        outcome, _, number = line.partition(" ")
        if number:
            by_outcome.setdefault(outcome, set()).add(int(number))
    answered = set().union(*by_outcome.values())
    stored, unknown = by_outcome.get("stored", set()), by_outcome.get("outcome_unknown", set())
    assert stored <= found, f"lost: {sorted(stored - found)}"
    assert not found & (answered - stored - unknown), f"refused, and there: {sorted(found & (answered - stored))}"
    assert len(found - answered) <= 1, "of what nobody was told, the last one alone may be there"
    return by_outcome


def is_consecutive(numbers: Iterable[int]) -> bool:
    """Whether numbers have no gap."""
    ordered = sorted(numbers)
    return ordered == list(range(ordered[0], ordered[0] + len(ordered))) if ordered else True
