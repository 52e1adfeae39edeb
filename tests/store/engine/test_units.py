"""Writes share the writer: claimants take turns, dcvd's own come between, and a group ends when it has lasted."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from dcvd.store.engine.database import Database
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.statement_effects import StatementEffects
from dcvd.store.engine.transactions import Transaction
from dcvd.store.engine.units import Unit, UnitQueue, run_group
from dcvd.store.engine.writing.commits import Committer
from dcvd.store.organizations.organizations import Organization, insert


def unit_of(claimant: str | None, work: Callable[[Transaction], object] = lambda _: None) -> Unit[Any]:
    return Unit(work, asyncio.get_running_loop().create_future(), claimant)


def queue_of(*units: Unit[Any]) -> UnitQueue:
    queue = UnitQueue()
    for unit in units:
        queue.add(unit)
    return queue


def claimants_of(group: list[Unit[Any]]) -> list[str | None]:
    return [unit.claimant for unit in group]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        migrate(opened)
        yield opened


def stored(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT created_at FROM organizations ORDER BY id")]


def storing(number: int) -> Callable[[Transaction], None]:
    return lambda tx: insert(tx, Organization(id=f"org_{number}", name=f"n{number}", created_at=number))


async def test_every_second_place_is_dcvds_own_and_in_the_others_claimants_take_turns() -> None:
    queue = queue_of(*map(unit_of, ["greedy"] * 5), unit_of("patient"), *map(unit_of, [None] * 3))
    assert claimants_of(queue.take_group(512)) == [
        None, "greedy", None, "patient", None, "greedy", "greedy", "greedy", "greedy",
    ]  # fmt: skip
    assert not queue


async def test_units_that_were_put_back_are_the_next_in_their_order() -> None:
    units = [unit_of(claimant) for claimant in ("greedy", "greedy", None, "patient", None, "greedy", "third")]
    expected = queue_of(*units).take_group(512)
    queue = queue_of(*units)
    group = queue.take_group(5)
    queue.put_back(group[2:])
    assert [*group[:2], *queue.take_group(512)] == expected


async def test_units_whose_callers_gave_up_take_nobodys_place() -> None:
    units = [unit_of("greedy"), unit_of(None), unit_of("patient")]
    units[0].future.cancel()
    units[1].future.cancel()
    assert queue_of(*units).take_group(1) == [units[2]]


async def test_a_group_that_has_lasted_is_committed_without_those_that_have_yet_to_begin(
    connection: sqlite3.Connection,
) -> None:
    times = iter([0.0, 0.001, 0.019, 0.021])
    group = [unit_of("greedy", storing(number)) for number in range(6)]
    assert run_group(connection, Committer(), group, StatementEffects(), lambda: next(times)) == (3, True)
    assert not connection.in_transaction
    assert stored(connection) == [0, 1, 2]


async def test_the_first_unit_runs_however_late_it_is(connection: sqlite3.Connection) -> None:
    times = iter([0.0, 9.0])
    group = [unit_of("greedy", storing(number)) for number in range(3)]
    assert run_group(connection, Committer(), group, StatementEffects(), lambda: next(times)) == (1, True)
    assert stored(connection) == [0]


async def test_one_that_has_much_to_write_holds_another_up_for_a_group_alone(database: Database) -> None:
    """The writer is held while everybody queues up, so that the order is theirs and not that of a busy machine."""
    may_begin, done = threading.Event(), list[str]()
    held = asyncio.create_task(database.write(lambda _: may_begin.wait(10)))
    greedy = [
        asyncio.create_task(database.write(lambda _: done.append("greedy"), claimant="greedy")) for _ in range(300)
    ]
    other = asyncio.create_task(database.write(lambda _: done.append("other"), claimant="other"))
    own = asyncio.create_task(database.write(lambda _: done.append("dcvd")))
    await asyncio.sleep(0)
    may_begin.set()
    async with asyncio.timeout(10):
        await asyncio.gather(held, other, own, *greedy)
    assert done.index("other") <= 3
    assert done.index("dcvd") <= 3
