"""Read the database from beside the daemon, whether that runs or not."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from dcvd.errors import StoreError
from dcvd.store.engine.maintenance import BUSY_TIMEOUT_MS
from dcvd.store.engine.migrate import APPLICATION_ID, load_migrations
from dcvd.store.engine.transactions import Snapshot


def resolve_database(database: Path, *, missing: str) -> Path:
    """Return the file behind a database's path. Raises StoreError where this user may not read it.

    `missing`: how the sentence ends, and what to do, where there is none.
    """
    try:
        source = database.resolve(strict=True)
    except FileNotFoundError as error:
        raise StoreError(f"There is no database at {database}{missing}.", code="no_database") from error
    except OSError as error:
        raise StoreError(f"The database {database} cannot be read: {error.strerror}.") from error
    if not os.access(source, os.R_OK | os.W_OK):  # SQLite's readers lock by writing into the file beside it
        raise StoreError(
            f"You may not use the database {database}: run this with sudo, or as the user that dcvd runs as."
        )
    return source


@contextmanager
def open_snapshot(database: Path) -> Iterator[Snapshot]:
    """Open one state of the database for reading. Raises StoreError, also for a database of another version."""
    source = resolve_database(database, missing=" yet: start the daemon")
    try:
        # A connection that can write checkpoints when it is the last to close, perhaps while a daemon is starting.
        with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS:d}")
            connection.execute("BEGIN")
            _check_version(connection, source)
            yield Snapshot(connection)
    except sqlite3.Error as error:
        raise StoreError(f"The database {database} cannot be read: {error}.") from error


def _check_version(connection: sqlite3.Connection, source: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StoreError(f"{source} is not a database of dcvd: check database.path.")
    if version != len(load_migrations()):
        raise StoreError(
            f"The database {source} has schema version {version}, and this dcvd has {len(load_migrations())}: start "
            "the daemon of this version once, which brings it up to date."
        )
