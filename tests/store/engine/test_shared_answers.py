"""Units of one transaction share an answer, and each sees what those before it have changed."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.zones.zone import ZoneStatus, new_zone
from dcvd.store import zones
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.statement_effects import StatementEffects
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.engine.units import Unit, run_group
from dcvd.store.engine.writing.commits import Committer
from dcvd.store.organizations import organizations
from dcvd.store.organizations.organizations import Organization
from tests.statements import noted_statements

ORG: Final = "org_1"
Change = Callable[[Transaction], object]


def insert(tx: Transaction) -> None:
    organizations.insert(tx, Organization(id=ORG, name="Acme", created_at=1))


def prove_a_zone(tx: Transaction) -> None:
    zone = new_zone(zone_id="zone_1", org_id=ORG, name="customer.com", now=1)
    zones.insert(tx, replace(zone, status=ZoneStatus.PROVED, proved_at=1))


def expire(tx: Transaction) -> None:
    zone = zones.get(tx, "zone_1")
    if zone is not None:
        zones.update(tx, replace(zone, status=ZoneStatus.EXPIRED))


CHANGES: Final[dict[str, Change]] = {
    "insert": insert,
    "insert the operator": lambda tx: organizations.insert_operator(tx, 1),
    # What hangs on it goes with it, by a foreign key.
    "delete": lambda tx: organizations.delete(tx, ORG),
    "rename": lambda tx: organizations.rename(tx, ORG, "Other"),
    "set quotas": lambda tx: organizations.set_quota_overrides(tx, ORG, {"domains": 3}),
    "allocate": lambda tx: organizations.allocate_sequences(tx, ORG, 2),
    "prove a zone": prove_a_zone,
    "expire": expire,
    "delete the zone": lambda tx: zones.delete(tx, "zone_1"),
    "fail": lambda _: 1 / 0,
}


def ask(snapshot: Snapshot) -> tuple[object, ...]:
    return (
        organizations.has_operator(snapshot),
        organizations.read_quota_overrides(snapshot, ORG),
        organizations.read_quota_overrides(snapshot, "org_2"),
        zones.has_proved(snapshot, ORG),
    )


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        migrate(opened)
        opened.execute("PRAGMA foreign_keys = ON")
        yield opened


def run(connection: sqlite3.Connection, works: Sequence[Change]) -> list[Unit[Any]]:
    loop = asyncio.new_event_loop()
    group: list[Unit[Any]] = [Unit(work, loop.create_future(), None) for work in works]
    run_group(connection, Committer(), group, StatementEffects(), lambda: 0.0)
    loop.close()
    return group


@given(units=st.lists(st.lists(st.sampled_from(sorted(CHANGES)), max_size=3), min_size=1, max_size=12))
def test_each_answer_is_that_of_now(units: list[list[str]]) -> None:
    def change_and_ask(tx: Transaction, names: Sequence[str]) -> None:
        for name in names:
            faults.extend(() if ask(tx) == ask(Snapshot(connection)) else [names])
            CHANGES[name](tx)
        faults.extend(() if ask(tx) == ask(Snapshot(connection)) else [names])

    faults: list[Sequence[str]] = []
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        run(connection, [lambda tx, names=names: change_and_ask(tx, names) for names in units])  # type: ignore[misc]
    assert faults == []


def test_many_units_ask_once_what_none_of_them_changes(connection: sqlite3.Connection) -> None:
    with noted_statements() as noted:
        run(connection, [insert, *[lambda tx: (organizations.allocate_sequences(tx, ORG, 1), ask(tx))] * 20])
    assert len([sql for sql, _ in noted if sql.startswith("SELECT quotas")]) == 2
    assert len([sql for sql, _ in noted if sql.startswith("SELECT 1 FROM zones")]) == 1


def test_what_an_undone_unit_saw_is_forgotten(connection: sqlite3.Connection) -> None:
    def insert_and_look(tx: Transaction) -> object:
        insert(tx)
        return ask(tx)

    def set_and_fail(tx: Transaction) -> None:
        CHANGES["set quotas"](tx)
        ask(tx)
        raise ValueError

    before, failed, after = run(connection, [insert_and_look, set_and_fail, ask])
    assert isinstance(failed.error, ValueError)
    assert before.value == after.value
