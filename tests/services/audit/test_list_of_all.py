"""The list of all chains, where the audit is large."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Final

import pytest

from dcvd.core.audit import AuditAction
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.store import audit as store
from dcvd.store.audit import AuditFilters, AuditPosition
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.audit.test_chains import write
from tests.sqlite_steps import count_steps

_FILTERS: Final = {
    "none": AuditFilters(),
    "organization": AuditFilters(org_id="org_7"),
    "actor": AuditFilters(actor="token:7"),
    "action": AuditFilters(action=AuditAction.ZONE_ADDED),
    "object": AuditFilters(object_id="dom_7"),
    "all": AuditFilters(org_id="org_7", actor="token:7", action=AuditAction.DOMAIN_ADDED, object_id="dom_7", since=9),
}


@pytest.fixture
def large() -> Iterator[sqlite3.Connection]:
    """An audit of 2,000 entries in 20 chains, one in each millisecond."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        connection.executemany(
            "INSERT INTO audit_entries (id, org_id, sequence, occurred_at, actor, action, object_id, hash)"
            " VALUES (?, ?, ?, ?, ?, 'domain.added', ?, zeroblob(32))",
            [
                (f"aud_{at}", f"org_{at % 20}", at // 20 + 1, at, f"token:{at % 10}", f"dom_{at % 100}")
                for at in range(2_000)
            ],
        )
        yield connection


@pytest.mark.parametrize("name", _FILTERS)
def test_a_page_examines_one_index_in_its_order_and_reads_what_it_shows(large: sqlite3.Connection, name: str) -> None:
    statements: list[str] = []
    large.set_trace_callback(statements.append)
    store.list_of_all(
        Snapshot(large), _FILTERS[name], before=AuditPosition(occurred_at=1_900), limit=51, max_examined=1_000
    )
    store.find_examined_end(Snapshot(large), _FILTERS[name], before=AuditPosition(occurred_at=1_900), max_examined=10)
    large.set_trace_callback(None)
    plan = "\n".join(row[-1] for sql in statements for row in large.execute(f"EXPLAIN QUERY PLAN {sql}"))
    assert plan.count("USING COVERING INDEX audit_entries_by_age (occurred_at>") == 2, plan
    assert "SEARCH audit_entries USING PRIMARY KEY (org_id=? AND sequence=?)" in plan
    assert "TEMP B-TREE" not in plan, plan


def test_a_page_of_what_matches_seldom_costs_a_few_steps_for_each_entry(large: sqlite3.Connection) -> None:
    """A million takes some 80 ms: 15 steps of SQLite's machine for an entry that does not match, none for its row."""

    def list_entries(filters: AuditFilters, found: int) -> None:
        entries = store.list_of_all(Snapshot(large), filters, before=AuditPosition(), limit=51, max_examined=5_000)
        assert len(entries) == found

    for filters, found in ((AuditFilters(object_id="dom_none"), 0), (AuditFilters(since=1_995), 5)):
        steps = count_steps(large, partial(list_entries, filters, found))
        assert steps < (25 * 2_000 if not found else 500), steps


async def test_a_page_that_may_examine_few_is_short_and_goes_on(
    context: Context, clock: ManualClock, organization: Organization, rival: Organization
) -> None:
    for org_id in (organization.id, rival.id, None) * 2:
        clock.advance(1)
        await write(context, org_id)
    filters = AuditFilters(org_id=organization.id, action=AuditAction.DOMAIN_ADDED)
    first = await audit.list_page_of_all(context, filters, cursor=None, limit=5, max_examined=2)
    assert (first.items, first.next_cursor is None) == ([], False)
    second = await audit.list_page_of_all(context, filters, cursor=first.next_cursor, limit=5, max_examined=2)
    assert [entry.org_id for entry in second.items] == [organization.id]
    rest = await audit.list_page_of_all(context, filters, cursor=second.next_cursor, limit=5)
    assert ([entry.org_id for entry in rest.items], rest.next_cursor) == ([organization.id], None)
