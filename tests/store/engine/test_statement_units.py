"""A unit that is one statement is a transaction by itself where it is alone, and one of many where it is not."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import pytest

from dcvd.errors import DatabaseUnusable, OutcomeUnknown, StoreError
from dcvd.store.engine.database import Database
from dcvd.store.engine.kept_rows import Column, KeptRows
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.statement_effects import StatementEffects
from dcvd.store.engine.statement_units import StatementUnit
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.engine.units import Unit, run_group
from dcvd.store.engine.writing.commits import Committer
from tests.store.engine.failing_connection import FailingConnection

_INSERT: Final = "INSERT INTO organizations (id, name, created_at) VALUES (?, ?, ?)"


def adding(key: str, *, topics: tuple[tuple[Topic, str], ...] = ()) -> StatementUnit:
    return StatementUnit("add", _INSERT, (key, f"name of {key}", 1), topics)


def unit_of(work: Any) -> Unit[Any]:
    return Unit(work, asyncio.get_running_loop().create_future(), None)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        migrate(opened)
        yield opened


def stored(connection: sqlite3.Connection) -> list[str]:
    return [key for (key,) in connection.execute("SELECT id FROM organizations ORDER BY id")]


async def run(connection: sqlite3.Connection, *works: Any) -> tuple[list[Unit[Any]], list[str]]:
    """The units, and the statements that ran for them."""
    seen: list[str] = []
    units = [unit_of(work) for work in works]
    run_group(connection, Committer(), [unit_of(adding("first"))], StatementEffects())
    connection.set_trace_callback(seen.append)
    run_group(connection, Committer(), units, StatementEffects())
    connection.set_trace_callback(None)
    return units, seen


async def test_alone_it_is_all_that_runs(connection: sqlite3.Connection) -> None:
    (unit,), seen = await run(connection, adding("org_a", topics=((Topic.RIGHTS, "org_a"),)))
    assert [sql.partition(" ")[0] for sql in seen] == ["INSERT"]
    assert (unit.value, unit.error, unit.announcements) == (1, None, {(Topic.RIGHTS, "org_a")})
    assert stored(connection) == ["first", "org_a"]


async def test_with_others_it_shares_their_transaction(connection: sqlite3.Connection) -> None:
    def failing(tx: Transaction) -> None:
        tx.execute(_INSERT, ("org_b", "b", 1))
        raise ValueError

    units, seen = await run(connection, adding("org_a"), failing, adding("first"), adding("org_c"))
    assert [sql for sql in seen if not sql.startswith(("INSERT", "SAVEPOINT", "RELEASE", "ROLLBACK TO"))] == [
        "BEGIN IMMEDIATE",
        "COMMIT",
    ]
    assert [type(unit.error) for unit in units] == [type(None), ValueError, sqlite3.IntegrityError, type(None)]
    assert stored(connection) == ["first", "org_a", "org_c"]


@pytest.mark.parametrize(
    ("work", "kind"),
    [
        (adding("first"), sqlite3.IntegrityError),
        (StatementUnit("add", f"{_INSERT[:-2]}abs(-9223372036854775807 - ?))", ("much", "x", 1)), StoreError),
        (StatementUnit("add", _INSERT, ("one",)), sqlite3.ProgrammingError),
        (StatementUnit("add", _INSERT, ("half \ud800", "x", 1)), UnicodeEncodeError),
        (StatementUnit("add", _INSERT, ("large", "x", 1 << 64)), OverflowError),
    ],
)
async def test_what_is_refused_is_not_stored_and_its_caller_alone_learns_why(
    connection: sqlite3.Connection, work: StatementUnit, kind: type[Exception]
) -> None:
    (unit,), _ = await run(connection, work)
    assert type(unit.error) is kind
    assert unit.announcements == set()
    assert stored(connection) == ["first"]
    assert not connection.in_transaction


async def test_one_that_fails_half_way_is_undone_as_a_whole(connection: sqlite3.Connection) -> None:
    both = StatementUnit("add", f"{_INSERT}, (?, ?, ?)", ("org_a", "a", 1, "first", "f", 1))
    (unit,), _ = await run(connection, both)
    assert type(unit.error) is sqlite3.IntegrityError
    assert stored(connection) == ["first"]


@pytest.mark.parametrize(
    "code",
    [
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_READONLY_DBMOVED,
        sqlite3.SQLITE_IOERR_READ,
    ],
)
async def test_where_the_database_fails_the_group_fails_and_the_next_one_is_stored(code: int) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None, factory=FailingConnection)) as connection:
        migrate(connection)
        committer = Committer()
        connection.codes = (code,)
        with pytest.raises(StoreError, match=r"[Nn]othing") as caught:
            run_group(connection, committer, [unit_of(adding("org_a"))], StatementEffects())
        assert not isinstance(caught.value, OutcomeUnknown)
        run_group(connection, committer, [unit_of(adding("org_b"))], StatementEffects())
        assert stored(connection) == ["org_b"]


@pytest.mark.parametrize(
    ("code", "kind", "commits"),
    [(sqlite3.SQLITE_CORRUPT_VTAB, DatabaseUnusable, 1), (sqlite3.SQLITE_IOERR_FSYNC, OutcomeUnknown, 2)],
)
async def test_nothing_is_written_to_a_damaged_file_and_what_may_be_stored_is_said_to_be_unknown(
    code: int, kind: type[StoreError], commits: int
) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None, factory=FailingConnection)) as connection:
        migrate(connection)
        connection.codes = (code, *[sqlite3.SQLITE_IOERR_FSYNC] * 9)
        unit = unit_of(adding("org_a", topics=((Topic.RIGHTS, "org_a"),)))
        with pytest.raises(kind):
            run_group(connection, Committer(), [unit], StatementEffects())
        assert 10 - len(connection.codes) == commits
        assert unit.announcements == {(Topic.RIGHTS, "org_a")}, "it may be stored, and whoever waits is woken"


async def test_a_statement_is_never_part_of_a_transaction_that_somebody_left_open(
    connection: sqlite3.Connection,
) -> None:
    connection.execute("BEGIN")
    with pytest.raises(StoreError, match="open transaction"):
        run_group(connection, Committer(), [unit_of(adding("org_a"))], StatementEffects())
    connection.execute("ROLLBACK")
    assert stored(connection) == []


async def test_a_statement_that_was_refused_half_way_has_written_nothing(connection: sqlite3.Connection) -> None:
    connection.executescript(
        "CREATE TEMP VIEW added AS SELECT NULL AS id;"
        "CREATE TEMP TRIGGER added_stored INSTEAD OF INSERT ON added BEGIN"
        " INSERT INTO organizations (id, name, created_at) VALUES (new.id, new.id, 1); END;"
    )
    Snapshot.statement_hook = None  # it knows the views of dcvd alone
    unit = unit_of(StatementUnit("add", "INSERT INTO added VALUES (?), (?)", ("org_a", "org_a")))
    assert run_group(connection, Committer(), [unit], StatementEffects()) == (1, False)
    assert stored(connection) == []


async def test_what_is_kept_of_the_rows_is_outdated_before_anybody_can_read_them(database: Database) -> None:
    kept = KeptRows[str]({"organizations": ()}, keyed_by=Column("organizations", "id"), max_size=100)
    database.keep(kept)
    await database.write(adding("org_a"))
    with kept.reading() as reading:
        reading.keep("org_a", "old")
    assert kept.find("org_a") == "old"
    await database.write(StatementUnit("rename", "UPDATE organizations SET name = 'new' WHERE id = ?", ("org_a",)))
    assert kept.find("org_a") is None


async def test_subscribers_are_told_before_the_writer_goes_on(database: Database) -> None:
    told: list[str] = []
    database.subscribe(Topic.RIGHTS, told.append)
    assert await database.write(adding("org_a", topics=((Topic.RIGHTS, "org_a"),))) == 1
    assert told == ["org_a"]
