"""A domain's new state is stored whole, and no index is written of which nothing changed."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import Certificate, Domain, DomainStatus
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.engine.migrate import migrate
from tests.sync.fleet import fleet

_OF_THE_NEXT_CHECK = {"domains_due", "domains_due_of_org", "domains_due_unregistered"}


@pytest.fixture
def schema() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        yield connection


def _list_written_indexes(schema: sqlite3.Connection, sql: str) -> set[str]:
    """The indexes into which SQLite's program for a statement writes."""
    names = dict(schema.execute("SELECT rootpage, name FROM sqlite_master WHERE type = 'index'").fetchall())
    program = schema.execute(f"EXPLAIN {sql}", [None] * sql.count("?")).fetchall()
    opened = {step[2]: names.get(step[3]) for step in program if step[1] == "OpenWrite"}
    return {opened[step[2]] for step in program if step[1] == "IdxInsert" and opened.get(step[2])}


def test_a_check_that_changes_nothing_searched_for_writes_the_indexes_of_the_next_check_alone(
    schema: sqlite3.Connection,
) -> None:
    assert _list_written_indexes(schema, domains._UPDATE_QUIETLY) == _OF_THE_NEXT_CHECK
    assert len(_list_written_indexes(schema, domains._UPDATE)) > len(_OF_THE_NEXT_CHECK)


def test_whatever_indexes_and_triggers_are_made_of_is_watched(schema: sqlite3.Connection) -> None:
    rows = schema.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'domains' AND type IN ('index', 'trigger')")
    watched_for = {word for (sql,) in rows if sql for word in re.findall(r"\w+", sql)}
    assert set(domains._WATCHED_COLUMNS) == watched_for & set(domains._UPDATED_COLUMNS) - {"next_sync_at"}


@pytest.mark.parametrize(
    ("changes", "is_quiet"),
    [
        ({"dns_checked_at": 5, "next_check_at": 7, "dns_zone": "customer.com"}, True),
        ({"status": DomainStatus.ISSUING}, False),
        ({"cf_id": "another"}, False),
        ({"ready_since": 9}, False),
        ({"certificate": Certificate(serial="2", issuer="CA", issued_at=1, expires_at=2)}, False),
        ({}, True),
    ],
)
async def test_each_change_is_stored(context: Context, org: str, changes: Mapping[str, Any], is_quiet: bool) -> None:
    (before,) = await fleet(context, org, 1)
    after = replace(before, **changes)
    executed: list[str] = []
    await context.database.maintain(lambda connection: connection.set_trace_callback(executed.append))
    await context.database.write(lambda tx: domains.update(tx, after))
    await context.database.maintain(lambda connection: connection.set_trace_callback(None))
    assert any(sql.startswith("UPDATE domains SET status") for sql in executed) is not is_quiet
    assert await _read(context, before) == after


async def test_an_update_of_a_domain_that_is_gone_makes_none(context: Context, org: str) -> None:
    (made,) = await fleet(context, org, 1)
    await context.database.write(lambda tx: domains.delete_all(tx, org, [made.id]))
    await context.database.write(lambda tx: domains.update(tx, made))
    assert await _read(context, made) is None


async def _read(context: Context, domain: Domain) -> Domain | None:
    return await context.database.read(lambda snapshot: domains.get(snapshot, domain.id))
