"""A database of any version of the schema, with rows in every table that it has.

The rows are made up from the schema alone, the same ones each time: a value for each column that has to have one, and
of those that need not the fewest that the checks of the table allow. What they mean does not matter here.
"""

import contextlib
import itertools
import re
import sqlite3
from typing import Any, Final

from dcvd.store.engine.migrate import load_migrations, migrate

_LISTED: Final = r"\b{} IN \(([^)]*)\)"
_JSON_TEXTS: Final = {"events": '["domain.active"]', "scopes": "[]", "names": "[]", "told_at": "[]", "answers": "[]"}
_BODY: Final = b'{"event":"domain.active","data":{"domain_name":"a.test"},"id":"evt_1","sequence":1}'
_MOST_OPTIONAL: Final = 3
ROWS: Final = 2
_BY_TRIGGERS: Final = {
    "audit_chains",
    "domain_counts",
    "certificate_counts",
    "delivery_counts",
    "job_counts",
    "endpoint_counts",
    "connection_counts",
}
"""What rows of other tables make, and nobody else may."""

Row = dict[str, Any]


def make(connection: sqlite3.Connection, version: int) -> dict[str, int]:
    """Bring an empty database to a version, and fill it; returns how many rows each table got."""
    migrate(connection, load_migrations()[:version])
    connection.execute("PRAGMA foreign_keys = ON")
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
        )
    ]
    waiting = [table for table in tables if table not in _BY_TRIGGERS]
    while waiting:
        filled = [table for table in waiting if _parents(connection, table).isdisjoint(waiting)]
        assert filled, f"the tables {waiting} belong to each other"
        for table in filled:
            _insert(connection, table, 1)
            for number in range(2, ROWS + 1):
                with contextlib.suppress(AssertionError):  # a table of a single row, or of a pair that is there
                    _insert(connection, table, number)
        waiting = [table for table in waiting if table not in filled]
    return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


def _parents(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[2] for row in connection.execute(f"PRAGMA foreign_key_list({table})")} - {table}


def _insert(connection: sqlite3.Connection, table: str, number: int) -> None:
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    columns = [row[1:] for row in connection.execute(f"PRAGMA table_xinfo({table})") if not row[6]]
    references = {row[3]: (row[2], row[4] or "id") for row in connection.execute(f"PRAGMA foreign_key_list({table})")}
    row: Row = {}
    optional: Row = {}
    for name, kind, not_null, default, is_key, *_ in columns:
        value = _choose(connection, sql, name, kind, number, references.get(name))
        if (not_null and default is None) or is_key:
            row[name] = value
        elif not not_null:
            optional[name] = value
    faults: list[str] = []
    for count in range(_MOST_OPTIONAL + 1):
        for added in itertools.combinations(optional, count):
            chosen = row | {name: optional[name] for name in added}
            if _try(connection, table, chosen, faults):
                return
    raise AssertionError(f"no row suits {table}: {faults[-1]}")


def _try(connection: sqlite3.Connection, table: str, row: Row, faults: list[str]) -> bool:
    sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
    try:
        connection.execute(sql, list(row.values()))
    except sqlite3.IntegrityError as error:
        faults.append(f"{error} with {row}")
        return False
    return True


def _choose(
    connection: sqlite3.Connection, sql: str, name: str, kind: str, number: int, reference: tuple[str, str] | None
) -> Any:
    if reference is not None:
        parent, column = reference
        rows = connection.execute(f"SELECT {column} FROM {parent} ORDER BY rowid LIMIT {ROWS}").fetchall()
        return rows[min(number, len(rows)) - 1][0]
    listed = re.search(_LISTED.format(name), sql)
    if listed is not None:
        value = listed[1].split(",")[0].strip()
        return value.strip("'") if value.startswith("'") else int(value)
    if kind == "INTEGER":
        return number
    if kind == "BLOB":
        return _BODY if name == "body" else number.to_bytes(32, "big")
    return _JSON_TEXTS.get(name, f"{name}_{number}")
