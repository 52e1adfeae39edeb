"""What a database file says of itself: whose it is, the version of its schema, and whether it is whole."""

import sqlite3
from typing import Final

from msgspec import Struct

APPLICATION_ID: Final = 0x64637664
"""`dcvd`: a file that is not ours is never touched."""


class FileIdentity(Struct, frozen=True):
    """Whose a database is, 0 where nobody has said it, and the version of its schema."""

    application_id: int
    version: int

    @property
    def is_ours(self) -> bool:
        """Whether it is a database of dcvd."""
        return self.application_id == APPLICATION_ID


def read_identity(connection: sqlite3.Connection) -> FileIdentity:
    """Read whose a database is, and which version its schema has."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return FileIdentity(application_id, version)


def find_damage(connection: sqlite3.Connection, *, is_thorough: bool = False) -> str | None:
    """Return the first damage that SQLite finds in a file, on one line; None where the file is whole.

    is_thorough: also hold the indexes against the rows.
    """
    (result,) = connection.execute(f"PRAGMA {'integrity' if is_thorough else 'quick'}_check(1)").fetchone()
    return None if result == "ok" else " ".join(str(result).split())
