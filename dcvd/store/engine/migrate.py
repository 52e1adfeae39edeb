"""Schema migrations: forward only, each atomic, numbered by their file names, counted in `user_version`."""

import re
import sqlite3
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from dcvd.errors import DatabaseUnusable, StoreError
from dcvd.store.engine.file_state import APPLICATION_ID, FileIdentity, read_identity
from dcvd.store.engine.files import upgrade_copy_path

log = structlog.get_logger(__name__)

_FILE_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


class Migration(Struct, frozen=True):
    """One step from `version - 1` to `version`."""

    version: int
    name: str
    sql: str


@cache
def load_migrations() -> tuple[Migration, ...]:
    """Load every step in order. Raises StoreError where the numbers have a gap."""
    migrations = []
    for file in resources.files("dcvd.store").joinpath("migrations").iterdir():
        match = _FILE_NAME.fullmatch(file.name)
        if match is not None:
            migrations.append(Migration(int(match[1]), file.name, file.read_text(encoding="utf-8")))
    migrations.sort(key=lambda migration: migration.version)
    if [migration.version for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise StoreError("The migrations are not numbered 1, 2, 3 …: this installation is broken; install dcvd again.")
    return tuple(migrations)


def migrate(connection: sqlite3.Connection, steps: Sequence[Migration] | None = None) -> int:
    """Bring the schema to the newest version and return that; the connection is in autocommit mode.

    Raises DatabaseUnusable when the file belongs to another program or to a newer dcvd; then nothing was changed.
    """
    steps = load_migrations() if steps is None else steps
    identity = refuse_unusable(connection, steps)
    if not identity.is_ours:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for step in steps[identity.version :]:
        _apply(connection, step)
        log.info("store.migrated", version=step.version, migration=step.name)
    return len(steps)


def refuse_unusable(connection: sqlite3.Connection, steps: Sequence[Migration] | None = None) -> FileIdentity:
    """Return whose the file is, and its version. Raises DatabaseUnusable as `migrate` does; writes nothing."""
    steps = load_migrations() if steps is None else steps
    identity = read_identity(connection)
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not identity.is_ours and (identity.application_id != 0 or objects):
        raise DatabaseUnusable("The database file belongs to another program; give dcvd a path of its own.")
    if identity.version > len(steps):
        raise DatabaseUnusable(
            f"The database has schema version {identity.version}, but this dcvd knows {len(steps)} at most: a newer "
            f"dcvd has used it. Start that version, or {_describe_way_back(connection, len(steps))}."
        )
    return identity


def _describe_way_back(connection: sqlite3.Connection, newest: int) -> str:
    (_, _, file) = connection.execute("PRAGMA database_list").fetchone()
    for version in range(newest, 0, -1) if file else ():
        copy = upgrade_copy_path(Path(file), version)
        if copy.exists():
            return f"give up what happened since the upgrade: `dcvd restore {copy}` puts back the copy from before it"
    return "restore a backup from before the upgrade"


def _apply(connection: sqlite3.Connection, step: Migration) -> None:
    # executescript() would commit in the middle, so the statements run one by one in one transaction.
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in split_statements(step.sql):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {step.version:d}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def split_statements(sql: str) -> list[str]:
    """Split a script into statements; a semicolon inside a trigger or a text does not end one."""
    statements: list[str] = []
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            statements.append(statement.strip())
            statement = ""
    if statement.strip():
        statements.append(statement.strip())
    return statements
