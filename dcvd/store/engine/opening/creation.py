"""Make a new database: it appears under its name whole, with its schema, or not at all."""

import sqlite3
from contextlib import closing
from pathlib import Path

from dcvd.kit.new_file import create_file
from dcvd.kit.paths import follow_links
from dcvd.store.engine.files import adopt_owner
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.pragmas import prepare_writer


def create_database(path: Path) -> None:
    """Make the file, private to its owner, where `find_database` found none.

    When root does this in somebody else's directory, as an operator's command does, the file belongs to that owner, so
    that the daemon can open it; SQLite itself gives its log the owner of the database. Raises OSError and
    sqlite3.Error; then there is nothing.
    """
    resolved = follow_links(path)
    resolved.unlink(missing_ok=True)  # an empty file, in which a start that is killed would leave half a database
    with create_file(resolved) as draft:
        try:
            with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
                prepare_writer(connection)
                # The whole file is synced before it gets its name.
                connection.execute("PRAGMA synchronous = OFF")
                migrate(connection)
        finally:
            for suffix in ("-wal", "-shm", "-journal"):
                draft.with_name(f"{draft.name}{suffix}").unlink(missing_ok=True)
        adopt_owner(draft)
