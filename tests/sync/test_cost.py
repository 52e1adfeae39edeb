"""What the loop asks the store does not cost more where more domains are due."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.store import domains
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.transactions import Snapshot
from dcvd.sync.due_domains import read_due
from tests.sqlite_steps import count_steps

_NOW = 1_800_000_000_000
_LIMIT = 100


def _count_steps(due: int, ask: Callable[[Snapshot], object]) -> int:
    """The steps of SQLite's machine, with so many domains due that have a hostname, and five that have none."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        connection.execute("BEGIN")
        connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
        connection.executemany(
            "INSERT INTO domains (id, org_id, name, registrable, status, cname_target, dns_state, lane, next_sync_at,"
            " cf_id, created_at, updated_at)"
            " VALUES (?1, 'org_1', ?1, 'test', 'active', 'edge.test', 'verified', ?2, ?3, ?4, 1, 1)",
            [(f"{at}.test", CheckLane.ROUTINE, _NOW - at, None if at < 5 else f"cf-{at}") for at in range(due + 5)],
        )
        connection.execute("COMMIT")
        return count_steps(connection, lambda: ask(Snapshot(connection)))


def _count_due(snapshot: Snapshot) -> None:
    assert domains.count_due_at_cloudflare(snapshot, 0, _NOW, _LIMIT) == _LIMIT


def _read_due(snapshot: Snapshot) -> None:
    assert read_due(snapshot, CheckLane.ROUTINE, _NOW, in_flight_ids=(), last_org_id="").is_full


@pytest.mark.parametrize("ask", [_count_due, _read_due])
def test_ten_times_as_many_due_domains_are_asked_for_in_as_many_steps(ask: Callable[[Snapshot], object]) -> None:
    few, many = _count_steps(300, ask), _count_steps(3_000, ask)
    assert many < 1.2 * few, (few, many)
