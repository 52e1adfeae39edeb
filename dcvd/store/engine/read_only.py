"""Read the database from beside the daemon, whether that runs or not."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from dcvd.errors import StoreError
from dcvd.store.engine.failures import opening_error
from dcvd.store.engine.file_state import read_identity
from dcvd.store.engine.maintenance import BUSY_TIMEOUT_MS
from dcvd.store.engine.migrate import load_migrations
from dcvd.store.engine.transactions import Snapshot


def resolve_database(database: Path, *, missing: str) -> Path:
    """Return the file behind a database's path. Raises StoreError where this user may not read it.

    `missing`: how the sentence ends, and what to do, where there is none.
    """
    try:
        source = Path(os.path.realpath(database, strict=True))
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
    try:
        with closing(connect_read_only(database)) as connection:
            yield Snapshot(connection)
    except sqlite3.Error as error:
        raise StoreError(f"The database {database} cannot be read: {error}.") from error


def connect_read_only(database: Path) -> sqlite3.Connection:
    """Connect to one state of the database, to read it. Raises StoreError, also for a database of another version."""
    source = resolve_database(database, missing=" yet: start the daemon")
    # A connection that can write checkpoints when it is the last to close, perhaps while a daemon is starting.
    connection = sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS:d}")
        connection.execute("BEGIN")
        _check_version(connection, source)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise opening_error(database, error) from error
        raise
    return connection


def _check_version(connection: sqlite3.Connection, source: Path) -> None:
    identity, newest = read_identity(connection), len(load_migrations())
    if not identity.is_ours:
        raise StoreError(f"{source} is not a database of dcvd: check database.path.")
    if identity.version > newest:
        raise StoreError(
            f"The database {source} has schema version {identity.version}, and this dcvd knows {newest}: use the dcvd "
            "that brought it there, or a newer one."
        )
    if identity.version != newest:
        raise StoreError(
            f"The database {source} has schema version {identity.version}, and this dcvd has {newest}: start the "
            "daemon of this version once, which brings it up to date."
        )
