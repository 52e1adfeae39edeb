"""Loads an SQL dump into a private database, of which nothing but rows of known tables can come about.

The database has no name: SQLite keeps it in memory and, where it grows, in a file that is deleted as soon as it is
open. A dump may do nothing in it but make the known tables and fill them, within limits.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from msgspec import Struct

from dcvd.core.text import make_printable, shorten
from dcvd.errors import InvalidInput
from dcvd.store.predecessor.statements import (
    MAX_STATEMENT_CHARACTERS,
    Statement,
    StatementKind,
    describe_statement,
    split_statements,
)

_PAGE_BYTES: Final = 4096
_MAX_BYTES: Final = 2 << 30
_MAX_VALUE_BYTES: Final = 8 << 20
_HAS_UNISTR: Final = (3, 50)
"""From here on SQLite has the function by which it writes texts with control characters."""
_ESCAPE: Final = re.compile(
    r"\\(?:\\|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))", re.ASCII
)
_STEPS_PER_CALL: Final = 10_000
_MAX_CALLS: Final = 1_000
"""Ten million steps of SQLite's machine are far more than one row needs."""
_LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_LENGTH: _MAX_VALUE_BYTES,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 4 * MAX_STATEMENT_CHARACTERS,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_FUNCTIONS: Final = frozenset(
    {
        "count", "replace", "char", "unistr", "datetime", "date", "time", "strftime", "unixepoch", "julianday",
        "lower", "upper", "hex", "randomblob", "random", "length", "typeof", "coalesce", "ifnull", "nullif", "iif",
        "trim", "ltrim", "rtrim", "substr", "substring", "instr", "abs", "round", "min", "max", "like", "glob",
        "json_valid", "json_type", "json", "json_extract", "json_array_length", "printf", "format", "quote",
    }
)  # fmt: skip
"""What defaults and conditions of columns use, and the forms in which texts are written; none of them leads outside."""
_SCHEMA_TABLES: Final = frozenset({"sqlite_master", "sqlite_schema", "sqlite_sequence"})
"""What SQLite writes by itself when a table is made, or a row gets its number by AUTOINCREMENT."""


_TELLING: Final = re.compile(
    r"(UNIQUE|NOT NULL|PRIMARY KEY) constraint failed: |table \S+ (already exists|has (no column|\d+ columns))"
    r"|the query contains a null character|embedded null character|not authorized|interrupted"
    r"|database or disk is full|string or blob too big|too many"
)
"""Those of SQLite's messages that quote no value."""


class DumpContent(Struct, frozen=True, kw_only=True):
    """What a dump has. tables: the known ones that it makes, with their columns in lower case.

    other_rows: the number of rows in tables that are not known. left_out: how many triggers and views were left out.
    """

    tables: Mapping[str, tuple[str, ...]]
    other_rows: Mapping[str, int]
    left_out: int


class Dump:
    """A dump that was loaded. `rows` reads a table."""

    def __init__(self, connection: sqlite3.Connection, content: DumpContent) -> None:
        self.content = content
        self._connection = connection

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table by their columns, in no order; none where the dump does not have it."""
        columns = self.content.tables.get(table)
        if columns is None:
            return
        names = ", ".join(_quote(column) for column in columns)
        with _translate_errors(f"the table {table}"):
            for values in self._connection.execute(f"SELECT {names} FROM {_quote(table)}"):
                yield dict(zip(columns, values, strict=True))

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        if table not in self.content.tables:
            return 0
        with _translate_errors(f"the table {table}"):
            return int(self._connection.execute(f"SELECT count(*) FROM {_quote(table)}").fetchone()[0])


@contextmanager
def load_dump(pieces: Iterable[str], known_tables: Iterable[str]) -> Iterator[Dump]:
    """Load a dump that comes in pieces of text. Raises InvalidInput with the code `bad_dump`."""
    known = frozenset(known_tables)
    connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    try:
        calls = _prepare(connection)
        with _translate_errors("the dump"):
            connection.execute("BEGIN")
        connection.set_authorizer(_build_authorizer(known))
        content = _execute(connection, pieces, known, calls)
        yield Dump(connection, content)
    finally:
        connection.close()


class _StepCounter:
    """Ends a statement that takes far too long. The counter is its own, not a clock's."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        return int(self.calls > _MAX_CALLS)


def _prepare(connection: sqlite3.Connection) -> _StepCounter:
    for setting in (
        f"page_size = {_PAGE_BYTES}",
        f"max_page_count = {_MAX_BYTES // _PAGE_BYTES}",
        "journal_mode = OFF",
        "synchronous = OFF",
        "trusted_schema = OFF",
        "foreign_keys = OFF",
        "cell_size_check = ON",
    ):
        connection.execute(f"PRAGMA {setting}")
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)
    if sqlite3.sqlite_version_info < _HAS_UNISTR:
        connection.create_function("unistr", 1, _decode_escapes, deterministic=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    calls = _StepCounter()
    connection.set_progress_handler(calls, _STEPS_PER_CALL)
    return calls


def _decode_escapes(text: Any) -> str | None:
    """Do what SQLite's `unistr` does."""
    if not isinstance(text, str):
        return None
    return _ESCAPE.sub(lambda match: chr(int(match[match.lastindex], 16)) if match.lastindex else "\\", text)


def _execute(
    connection: sqlite3.Connection, pieces: Iterable[str], known: frozenset[str], calls: _StepCounter
) -> DumpContent:
    tables: dict[str, tuple[str, ...]] = {}
    other_rows: Counter[str] = Counter()
    left_out = 0
    for statement in split_statements(pieces):
        match statement.kind:
            case StatementKind.CREATE_TABLE if statement.table in known:
                with _translate_errors(f"line {statement.line}", calls):
                    connection.execute(statement.text)
                    columns = connection.execute(f"PRAGMA table_info({_quote(statement.table)})").fetchall()
                tables[statement.table] = tuple(str(column[1]).lower() for column in columns)
            case StatementKind.INSERT if statement.table in known:
                if statement.table not in tables:
                    raise _bad_dump(f"line {statement.line}: a row of {statement.table}, which no earlier line makes")
                with _translate_errors(f"line {statement.line}", calls):
                    connection.execute(statement.text)
            case StatementKind.INSERT:
                other_rows[_show_table(statement)] += 1
            case StatementKind.CREATE_TABLE:
                other_rows[_show_table(statement)] += 0
            case StatementKind.IGNORED:
                pass
            case StatementKind.LEFT_OUT:
                left_out += 1
            case StatementKind.UNKNOWN:
                raise _bad_dump(
                    f"line {statement.line}: a statement that begins with {describe_statement(statement.text)!r}, and "
                    "an export has none such"
                )
        if len(other_rows) > 1_000:
            raise _bad_dump("it has more than a thousand tables")
    return DumpContent(tables=tables, other_rows=dict(other_rows), left_out=left_out)


def _build_authorizer(known: frozenset[str]) -> Callable[..., int]:
    def authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        match action:
            case sqlite3.SQLITE_CREATE_TABLE | sqlite3.SQLITE_INSERT | sqlite3.SQLITE_READ:
                is_allowed = (first or "").lower() in known | _SCHEMA_TABLES
            case sqlite3.SQLITE_CREATE_INDEX:  # those of UNIQUE and PRIMARY KEY
                is_allowed = (first or "").startswith("sqlite_autoindex_")
            case sqlite3.SQLITE_UPDATE:
                is_allowed = first in _SCHEMA_TABLES
            case sqlite3.SQLITE_PRAGMA:
                is_allowed = first == "table_info"
            case sqlite3.SQLITE_FUNCTION:
                is_allowed = (second or "").lower() in _FUNCTIONS
            case sqlite3.SQLITE_SELECT:
                is_allowed = True
            case _:
                is_allowed = False
        return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY

    return authorize


@contextmanager
def _translate_errors(place: str, calls: _StepCounter | None = None) -> Iterator[None]:
    """Turn what SQLite raises into a sentence."""
    if calls is not None:
        calls.calls = 0
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
        reason = _describe_error(error)
    else:
        return
    # Raised outside the handler, so that it chains no error: one may quote a value.
    raise _bad_dump(f"{place}: {reason}")


def _describe_error(error: Exception) -> str:
    text = make_printable(str(error))
    if _TELLING.match(text):
        return shorten(text, 200)
    return f"SQLite refuses it ({getattr(error, 'sqlite_errorname', type(error).__name__)})"


def _bad_dump(what: str) -> InvalidInput:
    return InvalidInput("DUMP", f"The dump cannot be read: {what}. Nothing was imported.", code="bad_dump")


def _show_table(statement: Statement) -> str:
    return shorten(make_printable(statement.table), 100)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
