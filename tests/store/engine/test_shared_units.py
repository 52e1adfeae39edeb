"""What many ask for is done in one unit of work, and what comes of it is what would come of a unit for each."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from dcvd.errors import Conflict, NotFound, StoreError
from dcvd.store.engine.caller_database import CallerDatabase
from dcvd.store.engine.database import Database
from dcvd.store.engine.shared_units import SharedUnits
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization, insert, list_all
from tests.busy_writer import busy_writer
from tests.unreliable_database import Fate, Strike, UnreliableDatabase

_KEY: Final = "key"


class Insertions:
    """Stores organizations, notes how many at a time, and fails at some of them."""

    def __init__(self) -> None:
        self.steps: list[list[int]] = []
        self.units = SharedUnits(self._store)

    def _store(self, tx: Transaction, numbers: Sequence[int]) -> list[str]:
        self.steps.append(list(numbers))
        for number in numbers:
            insert(tx, Organization(id=f"org_{number}", name=f"n{number}", created_at=1))
            if number < 0:
                raise NotFound(f"no {number}")
        return [f"stored {number}" for number in numbers]

    def ask(self, database: Database | CallerDatabase, number: int, key: str = _KEY) -> "asyncio.Task[str]":
        return asyncio.create_task(self.units.run(database, key, number))


async def stored(database: Database) -> set[str]:
    return {found.name for found in await database.read(list_all)}


@pytest.fixture
def insertions() -> Insertions:
    return Insertions()


async def test_those_who_ask_before_a_unit_begins_share_it(database: Database, insertions: Insertions) -> None:
    async with busy_writer(database):
        asked = [insertions.ask(database, number) for number in range(5)]
    assert await asyncio.gather(*asked) == [f"stored {number}" for number in range(5)]
    assert insertions.steps == [[0, 1, 2, 3, 4]]
    assert await insertions.ask(database, 5) == "stored 5"
    assert await stored(database) == {f"n{number}" for number in range(6)}


async def test_those_with_another_key_do_not_share_it(database: Database, insertions: Insertions) -> None:
    async with busy_writer(database):
        asked = [insertions.ask(database, number, str(number % 2)) for number in range(5)]
    await asyncio.gather(*asked)
    assert sorted(insertions.steps) == [[0, 2, 4], [1, 3]]


async def test_one_unit_does_so_much_and_no_more(database: Database, insertions: Insertions) -> None:
    async with busy_writer(database):
        asked = [insertions.ask(database, number) for number in range(150)]
    assert await asyncio.gather(*asked) == [f"stored {number}" for number in range(150)]
    assert [len(step) for step in insertions.steps] == [64, 64, 22]


async def test_who_fails_fails_alone(database: Database, insertions: Insertions) -> None:
    async with busy_writer(database):
        asked = [insertions.ask(database, number) for number in (1, -2, 3)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["stored 1", "no -2", "stored 3"]
    assert insertions.steps == [[1, -2, 3], [1], [-2], [3]]
    assert await stored(database) == {"n1", "n3"}


async def test_who_fails_alone_is_not_tried_again(database: Database, insertions: Insertions) -> None:
    with pytest.raises(NotFound):
        await insertions.ask(database, -1)
    assert insertions.steps == [[-1]]
    assert await stored(database) == set()


async def test_what_the_database_checks_first_refuses_each_of_them(database: Database, insertions: Insertions) -> None:
    def check(_: Transaction) -> None:
        raise Conflict("revoked")

    checked = CallerDatabase(database, check=check, claimant="org")
    async with busy_writer(database):
        asked = [insertions.ask(checked, number) for number in range(3)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Conflict] * 3
    assert await stored(database) == set()


async def test_who_gives_up_before_it_begins_has_nothing_done_and_takes_nothing_from_the_others(
    database: Database, insertions: Insertions
) -> None:
    async with busy_writer(database):
        asked = [insertions.ask(database, number) for number in range(4)]
        await asyncio.sleep(0)
        for leaving in (asked[0], asked[2]):
            leaving.cancel()
    assert [await asked[1], await asked[3]] == ["stored 1", "stored 3"]
    assert insertions.steps == [[1, 3]]


async def test_a_unit_that_all_have_left_does_nothing(database: Database, insertions: Insertions) -> None:
    async with busy_writer(database):
        leaving = insertions.ask(database, 1)
        await asyncio.sleep(0)
        leaving.cancel()
    assert await insertions.ask(database, 2) == "stored 2"
    assert insertions.steps == [[2]]


@pytest.mark.parametrize("fate", list(Fate))
async def test_where_the_database_fails_nobody_is_told_that_anything_is_stored(
    database: UnreliableDatabase, insertions: Insertions, fate: Fate
) -> None:
    database.strikes = (Strike("_SharedUnit._do", 1, fate),)
    async with busy_writer(database):
        asked = [insertions.ask(database, number) for number in range(3)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(outcome, StoreError) for outcome in outcomes)
    # What may be stored is not done once more.
    assert insertions.steps == ([] if fate is Fate.LOST else [[0, 1, 2]])
    assert await stored(database) == (set() if fate is Fate.LOST else {"n0", "n1", "n2"})


async def test_a_database_that_is_closed_refuses_all_of_them(tmp_path: Path, insertions: Insertions) -> None:
    database = await Database.open(tmp_path / "other.db")
    await database.close()
    outcomes = await asyncio.gather(*(insertions.ask(database, number) for number in range(3)), return_exceptions=True)
    assert [getattr(outcome, "code", None) for outcome in outcomes] == ["database_closed"] * 3
