"""What a daemon's database holds, read beside it or after its death."""

import sqlite3
from pathlib import Path


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """All rows of a statement."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()
