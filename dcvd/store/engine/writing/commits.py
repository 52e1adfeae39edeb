"""Commit, and find out what became of a commit that failed.

A commit writes its frames behind the end of the write-ahead log, the last of them marked as the commit, and syncs.
Where the sync fails, the connection goes on as if the frames were not there. But they are: after a crash SQLite reads
the log anew, finds a whole transaction, and takes it. That has an end once another transaction is written over the
first of these frames and synced: each frame's checksum builds on the one before, so whatever follows is cut off.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import structlog

from dcvd.errors import OutcomeUnknown, StoreError
from dcvd.store.engine.failures import is_damage, store_error
from dcvd.store.engine.writing.write_checks import commit_change

log = structlog.get_logger(__name__)

_INCOMPLETE: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
"""Errors of a write that did not come to its end. The frame that marks a commit is written last, and the sync follows:
whichever frame it was, the commit's is not whole."""

_REFUSALS: Final = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_MISUSE,
        sqlite3.SQLITE_RANGE,
    }
)
"""Primary codes of errors by which a statement itself was refused: another one may be stored."""
_BEFORE_COMMIT: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR_READ,
        sqlite3.SQLITE_IOERR_SHORT_READ,
    }
)
"""Codes of errors by which the database failed before it began to commit: a commit reads nothing, and has its lock."""


class Committer:
    """Commits the transactions of the writer's connection, on its thread.

    As long as nobody can tell what became of a commit, no other transaction begins: what it read might be undone by a
    crash, and its own failure would leave two in doubt.
    """

    def __init__(self) -> None:
        self._is_in_doubt = False

    def settle(self, connection: sqlite3.Connection) -> None:
        """Make sure that no earlier commit is in doubt, before a transaction begins. Raises StoreError."""
        if not self._is_in_doubt:
            return
        try:
            commit_change(connection)
        except sqlite3.Error as error:
            raise store_error(error) from error
        self._is_in_doubt = False
        log.info("store.doubt_ended")

    def commit(self, connection: sqlite3.Connection) -> None:
        """Commit. Raises StoreError where nothing was stored, and OutcomeUnknown where it may have been."""
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise self._judge_failure(connection, error) from error

    def run(self, connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> int:
        """Run one statement that is a transaction by itself, and return how many rows it changed.

        Raises what the statement was refused with. Raises StoreError where the database failed and nothing was stored,
        and OutcomeUnknown where it may have been: a commit that fails fails in the same call.
        """
        if connection.in_transaction:
            # It would only become part of that transaction, and be acknowledged all the same.
            raise StoreError(
                "The database has an open transaction that nobody ended. Nothing of this change was stored."
            )
        try:
            return connection.execute(sql, parameters).rowcount
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None)
            if code is None or code & 0xFF in _REFUSALS:  # None: refused before SQLite had it
                raise
            if is_damage(error) or code in _BEFORE_COMMIT or code & 0xFF in _BEFORE_COMMIT:
                raise store_error(error) from error
            raise self._judge_failure(connection, error) from error

    def _judge_failure(self, connection: sqlite3.Connection, error: sqlite3.Error) -> StoreError:
        """Return what to raise for a commit that failed, after it was tried to store something in its place."""
        try:
            commit_change(connection)
        except sqlite3.Error:
            if getattr(error, "sqlite_errorcode", 0) not in _INCOMPLETE:
                self._is_in_doubt = True
                return OutcomeUnknown(
                    "The database failed at the end of this change, and nobody can tell whether it is stored: "
                    "see what is stored before you ask again."
                )
        return store_error(error)
