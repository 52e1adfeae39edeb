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
from tests.statements import noted_statements
from tests.sync.fleet import fleet

_OF_THE_NEXT_CHECK = {"domains_due", "domains_due_of_org", "domains_due_unregistered"}


@pytest.fixture
def schema() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        yield connection


async def list_updates(context: Context, after: Domain) -> list[str]:
    """The statements by which a domain's new state is stored."""
    with noted_statements() as noted:
        await context.database.write(lambda tx: domains.update(tx, after))
    return [sql for sql, _ in noted if sql.startswith("UPDATE domains")]


def list_set_columns(sql: str) -> set[str]:
    return set(re.findall(r"(\w+) = \?", sql.partition(" WHERE ")[0]))


def list_written_indexes(schema: sqlite3.Connection, sql: str) -> set[str]:
    """The indexes into which SQLite's program for a statement writes."""
    names = dict(schema.execute("SELECT rootpage, name FROM sqlite_master WHERE type = 'index'").fetchall())
    program = schema.execute(f"EXPLAIN {sql}", [None] * sql.count("?")).fetchall()
    opened = {step[2]: names[step[3]] for step in program if step[1] == "OpenWrite" and step[3] in names}
    return {opened[step[2]] for step in program if step[1] == "IdxInsert" and step[2] in opened}


async def test_a_check_that_changes_nothing_searched_for_writes_the_indexes_of_the_next_check_alone(
    context: Context, org: str, schema: sqlite3.Connection
) -> None:
    (made,) = await fleet(context, org, 1)
    (quiet,) = await list_updates(context, replace(made, dns_checked_at=5))
    assert list_written_indexes(schema, quiet) == _OF_THE_NEXT_CHECK
    _, whole = await list_updates(context, replace(made, status=DomainStatus.ISSUING))
    assert len(list_written_indexes(schema, whole)) > len(_OF_THE_NEXT_CHECK)


async def test_whatever_indexes_and_triggers_are_made_of_is_compared(
    context: Context, org: str, schema: sqlite3.Connection
) -> None:
    (made,) = await fleet(context, org, 1)
    quiet, whole = await list_updates(context, replace(made, status=DomainStatus.ISSUING))
    compared = set(re.findall(r"\+(\w+) IS \?", quiet))
    assert list_set_columns(quiet) | compared == list_set_columns(whole)
    rows = schema.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'domains' AND type IN ('index', 'trigger')")
    named = {word for (sql,) in rows if sql for word in re.findall(r"\w+", sql)}
    assert list_set_columns(quiet) & named == {"next_sync_at"}


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
    updates = await list_updates(context, after)
    assert len(updates) == (1 if is_quiet else 2)
    assert await _read(context, before) == after


async def test_an_update_of_a_domain_that_is_gone_makes_none(context: Context, org: str) -> None:
    (made,) = await fleet(context, org, 1)
    await context.database.write(lambda tx: domains.delete_all(tx, org, [made.id]))
    await context.database.write(lambda tx: domains.update(tx, made))
    assert await _read(context, made) is None


async def _read(context: Context, domain: Domain) -> Domain | None:
    return await context.database.read(lambda snapshot: domains.get(snapshot, domain.id))
