"""What is kept of rows is what a read would find, whatever is committed and however that changes them."""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from dcvd.store.engine.database import Database
from dcvd.store.engine.kept_rows import Column, KeptRows, Reading
from dcvd.store.engine.statement_effects import StatementEffects
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.engine.units import Unit, run_group
from dcvd.store.engine.writing.commits import Committer

_SCHEMA = """
CREATE TABLE boxes (id TEXT PRIMARY KEY, owner TEXT NOT NULL, content INTEGER NOT NULL, opened_at INTEGER,
    inside TEXT REFERENCES boxes (id) ON DELETE SET NULL);
CREATE TABLE owners (id TEXT PRIMARY KEY, name TEXT);
CREATE TABLE notes (box TEXT REFERENCES boxes (id) ON DELETE CASCADE, text TEXT);
CREATE TABLE sums (owner TEXT PRIMARY KEY, total INTEGER);
CREATE TRIGGER closed_by_owner AFTER UPDATE OF name ON owners BEGIN
    UPDATE boxes SET content = 0 WHERE owner = new.id;
END;
CREATE TRIGGER emptied_by_move AFTER UPDATE OF owner ON boxes BEGIN
    UPDATE boxes SET content = 0 WHERE owner = old.owner;
END;
CREATE TRIGGER counted AFTER UPDATE OF content ON boxes BEGIN
    INSERT INTO sums VALUES (new.owner, 1) ON CONFLICT DO UPDATE SET total = total + 1;
END;
"""


@pytest.fixture
async def boxes(database: Database) -> Database:
    Snapshot.statement_hook = None  # it knows the tables of dcvd alone

    def make(connection: sqlite3.Connection) -> None:
        connection.executescript(_SCHEMA)
        for number in range(4):
            connection.execute("INSERT INTO boxes VALUES (?, ?, 0, NULL, NULL)", (f"b{number}", f"o{number % 2}"))
        connection.execute("INSERT INTO owners VALUES ('o0', 'Ann'), ('o1', 'Bo')")

    await database.maintain(make)
    return database


def kept_by(database: Database, column: str = "id", *ignored: str) -> KeptRows[int]:
    kept = KeptRows[int]({"boxes": ignored}, keyed_by=Column("boxes", column), max_size=100)
    database.keep(kept)
    return kept


def content(key: str, column: str = "id") -> Callable[[Snapshot], int]:
    return lambda snapshot: snapshot.fetch_count(f"SELECT sum(content) FROM boxes WHERE {column} = ?", (key,))


async def keep(database: Database, kept: KeptRows[int], key: str, column: str = "id") -> int:
    with kept.reading() as reading:
        value = await database.read(content(key, column))
        reading.keep(key, value)
    return value


async def keep_all(database: Database, kept: KeptRows[int]) -> None:
    for number in range(4):
        await keep(database, kept, f"b{number}")


def kept_keys(kept: KeptRows[int]) -> list[str]:
    return [key for key in ("b0", "b1", "b2", "b3", "o0", "o1") if kept.find(key) is not None]


def put(box: str, amount: int, *, rows: bool = True) -> Callable[[Transaction], int]:
    told = {"id": [box], "owner": [f"o{int(box[1:]) % 2}"]} if rows else None
    return lambda tx: tx.execute("UPDATE boxes SET content = content + ? WHERE id = ?", (amount, box), rows=told)


async def test_a_change_outdates_the_rows_that_it_tells_of_and_no_others(boxes: Database) -> None:
    by_id, by_owner = kept_by(boxes), kept_by(boxes, "owner")
    await keep_all(boxes, by_id)
    for owner in ("o0", "o1"):
        await keep(boxes, by_owner, owner, "owner")
    await boxes.write(put("b1", 5))
    assert kept_keys(by_id) == ["b0", "b2", "b3"]
    assert kept_keys(by_owner) == ["o0"]
    assert await keep(boxes, by_id, "b1") == 5


@pytest.mark.parametrize(
    "change",
    [
        put("b1", 5, rows=False),
        lambda tx: tx.execute("UPDATE owners SET name = 'Cy' WHERE id = 'o1'", (), rows={"id": ["o1"]}),
        lambda tx: tx.execute("UPDATE boxes SET owner = 'o0' WHERE id = 'b1'", (), rows={"id": ["b1"]}),
        lambda tx: tx.execute("DELETE FROM boxes WHERE id = 'b3'", (), rows={"id": ["b3"]}),
        lambda tx: tx.execute_many("UPDATE boxes SET content = ? WHERE content = ?", [(2, 0)]),
        lambda tx: tx.fetch_all("UPDATE boxes SET content = 2 WHERE owner = 'o1' RETURNING id"),
        lambda tx: tx.execute("INSERT INTO boxes VALUES ('b9', 'o1', 1, NULL, NULL)"),
    ],
    ids=[
        "of untold rows",
        "by a trigger",
        "by a trigger of its own table",
        "by a key to its own table",
        "of many",
        "that returns",
        "that adds",
    ],
)
async def test_a_change_of_rows_that_it_does_not_tell_of_outdates_all(
    boxes: Database, change: Callable[[Transaction], object]
) -> None:
    kept = kept_by(boxes)
    await keep_all(boxes, kept)
    await boxes.write(change)
    assert kept_keys(kept) == []


async def test_what_does_not_matter_outdates_nothing(boxes: Database) -> None:
    kept = kept_by(boxes, "id", "opened_at")
    await keep_all(boxes, kept)
    await boxes.write(lambda tx: tx.execute("UPDATE boxes SET opened_at = 7"))
    await boxes.write(lambda tx: tx.execute("INSERT INTO notes VALUES ('b1', 'fragile')"))
    await boxes.write(lambda tx: tx.execute("DELETE FROM notes"))
    assert len(kept) == 4
    await boxes.write(lambda tx: tx.execute("UPDATE boxes SET opened_at = 7, content = 1"))
    assert len(kept) == 0


async def test_a_unit_that_fails_leaves_what_is_kept(boxes: Database) -> None:
    kept = kept_by(boxes)
    await keep_all(boxes, kept)

    def fail(tx: Transaction) -> None:
        put("b1", 5)(tx)
        raise LookupError

    with pytest.raises(LookupError):
        await boxes.write(fail)
    assert kept.find("b1") == 0 == await boxes.read(content("b1"))


async def test_nothing_is_kept_of_a_read_during_which_its_row_changed(boxes: Database) -> None:
    kept = kept_by(boxes)
    with kept.reading() as reading:
        old = await boxes.read(content("b1"))
        await boxes.write(put("b1", 5))
        assert reading.is_outdated("b1")
        assert not reading.is_outdated("b2")
        reading.keep("b1", old)
        reading.keep("b2", 0)
    assert kept_keys(kept) == ["b2"]


async def test_what_comes_to_be_kept_while_a_group_is_written_learns_of_its_changes(boxes: Database) -> None:
    late: list[tuple[KeptRows[int], Reading[int]]] = []

    def register(tx: Transaction) -> None:
        put("b1", 5)(tx)
        kept = kept_by(boxes)
        with kept.reading() as reading:
            late.append((kept, reading))

    await boxes.write(register)
    ((kept, _),) = late
    assert await keep(boxes, kept, "b1") == 5
    await boxes.write(put("b1", 1))
    assert kept_keys(kept) == []


async def test_what_comes_to_be_kept_during_a_commit_is_not_of_before_it() -> None:
    Snapshot.statement_hook = None  # it knows the tables of dcvd alone
    effects = StatementEffects()
    late = KeptRows[int]({"boxes": ()}, keyed_by=Column("boxes", "id"), max_size=100)

    class KeepingCommitter(Committer):
        def commit(self, connection: sqlite3.Connection) -> None:
            effects.add(late)
            with late.reading() as reading:
                reading.keep("b1", 0)
                super().commit(connection)

    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(_SCHEMA)
        connection.execute("INSERT INTO boxes VALUES ('b1', 'o1', 0, NULL, NULL)")
        unit: Unit[int] = Unit(put("b1", 5), asyncio.get_running_loop().create_future(), None)
        run_group(connection, KeepingCommitter(), [unit], effects)
    assert kept_keys(late) == []


async def test_beyond_their_size_the_oldest_are_forgotten(boxes: Database) -> None:
    kept = KeptRows[bytes]({"boxes": ()}, keyed_by=Column("boxes", "id"), max_size=10, size_of=len)
    boxes.keep(kept)
    with kept.reading() as reading:
        for key, size in (("b0", 4), ("b1", 4), ("b0", 5), ("b2", 11), ("b3", 4)):
            reading.keep(key, b"x" * size)
    assert [len(kept.find(key) or b"") for key in ("b0", "b1", "b2", "b3")] == [5, 0, 0, 4]


@pytest.mark.parametrize("seed", range(3))
async def test_readers_and_writers_at_once_never_see_less_than_what_was_acknowledged(
    boxes: Database, seed: int
) -> None:
    """The content only grows: who finds less than was acknowledged before, or was seen by a read, was lied to."""
    kept, chance = kept_by(boxes), random.Random(seed)
    seen = dict.fromkeys(["b0", "b1", "b2", "b3"], 0)
    hits = 0

    async def write() -> None:
        for _ in range(60):
            box = chance.choice(list(seen))
            before = seen[box]
            await boxes.write(put(box, 1, rows=chance.random() < 0.8))
            seen[box] = max(seen[box], before + 1)

    async def read() -> None:
        nonlocal hits
        box = chance.choice(list(seen))
        least = seen[box]
        value = kept.find(box)
        if value is None:
            value = await keep(boxes, kept, box)
        else:
            hits += 1
            await asyncio.sleep(0)
        assert value >= least
        seen[box] = max(seen[box], value)

    async def read_on() -> None:
        while not all(writing.done() for writing in writings):
            await read()

    async with asyncio.TaskGroup() as group:
        writings = [group.create_task(write()) for _ in range(2)]
        for _ in range(3):
            group.create_task(read_on())
    for _ in range(20):
        await read()
    assert hits >= 16
    for box, value in seen.items():
        assert await boxes.read(content(box)) >= value
