"""A commit that failed: what is said of it is true after a crash too, or nobody claims to know."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dcvd.errors import DiskFull, OutcomeUnknown, StoreError
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.pragmas import prepare_writer
from dcvd.store.engine.writing.commits import Committer
from tests.store.engine.failing_connection import FailingConnection


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[FailingConnection]:
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None, factory=FailingConnection)) as opened:
        prepare_writer(opened)
        migrate(opened)
        yield opened


def _store(connection: FailingConnection, committer: Committer, *codes: int | None) -> None:
    """A transaction, whose commit and those that follow it end so."""
    committer.settle(connection)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_a', 'a', 1)")
    connection.codes = codes
    committer.commit(connection)


def _marked(connection: FailingConnection) -> int | None:
    row = connection.execute("SELECT checked_at FROM write_checks").fetchone()
    return None if row is None else int(row[0])


def test_nothing_is_in_doubt_once_another_transaction_stands_in_the_place_of_the_one_that_failed(
    connection: FailingConnection,
) -> None:
    committer = Committer()
    for number in range(3):
        with pytest.raises(StoreError, match="Nothing of this change was stored") as caught:
            _store(connection, committer, sqlite3.SQLITE_IOERR_FSYNC, None)
        assert not isinstance(caught.value, OutcomeUnknown)
        assert _marked(connection) == number, "what is written in its place is never the same twice"
    _store(connection, committer)


def test_a_commit_is_in_doubt_while_the_disk_goes_on_refusing(connection: FailingConnection) -> None:
    with pytest.raises(OutcomeUnknown, match="nobody can tell"):
        _store(connection, Committer(), sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_FSYNC)
    assert not connection.in_transaction


def test_no_transaction_begins_while_one_is_in_doubt(connection: FailingConnection) -> None:
    committer = Committer()
    with pytest.raises(OutcomeUnknown):
        _store(connection, committer, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_FSYNC)
    connection.codes = (sqlite3.SQLITE_IOERR_FSYNC,)
    with pytest.raises(StoreError, match="Nothing of this change was stored") as caught:
        _store(connection, committer)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert not connection.in_transaction
    _store(connection, committer)
    assert _marked(connection) == 0


@pytest.mark.parametrize(("code", "kind"), [(sqlite3.SQLITE_FULL, DiskFull), (sqlite3.SQLITE_IOERR_WRITE, StoreError)])
def test_a_write_that_was_refused_leaves_no_whole_commit_whatever_follows(
    connection: FailingConnection, code: int, kind: type[StoreError]
) -> None:
    committer = Committer()
    with pytest.raises(kind) as caught:
        _store(connection, committer, code, code)
    assert type(caught.value) is kind
    _store(connection, committer)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_IOERR])
def test_any_other_failure_may_have_come_after_the_commit_was_on_disk(connection: FailingConnection, code: int) -> None:
    with pytest.raises(OutcomeUnknown):
        _store(connection, Committer(), code, sqlite3.SQLITE_FULL)
