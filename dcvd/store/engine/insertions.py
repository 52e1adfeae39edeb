"""Statements that store new rows, as many in one as that is quick for; see `rows`.

A column that is NULL in all of them is left out: sqlite3 takes long to bind it, and a column that may be NULL is so by
itself. One that is the same in many rows is bound once for all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from dcvd.store.engine.rows import split_rows

_MAX_VALUES: Final = 1_024
_MAX_STATEMENTS: Final = 256
_MIN_WIDTH: Final = 2
_MANY: Final = 16
"""Rows. In fewer, columns are the same by chance, and each set of such columns makes another statement to prepare."""


class ComputedColumn(Struct, frozen=True):
    """A column that is computed when its row is stored.

    write: writes its SQL, given a function that writes that of another column of the row, and the number of the first
        of its own parameters.
    """

    name: str
    write: Callable[[Callable[[str], str], int], str]


def write_insertions(
    table: str,
    columns: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    computed_column: ComputedColumn | None = None,
    parameters: Sequence[Any] = (),
) -> Iterator[tuple[str, list[Any]]]:
    """Yield statements, each with its parameters.

    rows: one or more, each with something in its first column. parameters: those of the computed column.
    """
    if len(rows) == 1:
        (row,) = rows
        names = tuple([column for column, value in zip(columns, row, strict=True) if value is not None])
        values = [value for value in row if value is not None]
        yield _write_statement(table, names, (), computed_column, 1), [*values, *parameters]
        return
    first, *others = zip(*rows, strict=True)
    varying, stored, shared_names, shared = [columns[0]], [first], list[str](), list[Any]()
    for column, values_of_column in zip(columns[1:], others, strict=True):
        value = values_of_column[0]
        if (value is None or len(rows) >= _MANY) and values_of_column.count(value) == len(rows):
            if value is not None:
                shared_names.append(column)
                shared.append(value)
        else:
            varying.append(column)
            stored.append(values_of_column)
    max_rows = max(1, _MAX_VALUES // max(_MIN_WIDTH, len(varying)))
    for count, values in split_rows(list(zip(*stored, strict=True)), max_rows=max_rows):
        sql = _write_statement(table, tuple(varying), tuple(shared_names), computed_column, count)
        yield sql, [*values, *shared, *parameters]


@lru_cache(maxsize=_MAX_STATEMENTS)
def _write_statement(
    table: str,
    columns: tuple[str, ...],
    shared_columns: tuple[str, ...],
    computed_column: ComputedColumn | None,
    count: int,
) -> str:
    """Write the statement for so many rows. Its parameters: the rows', the shared ones, the computed column's."""
    width, prefix = len(columns), "?" if count == 1 else "few.column"
    sources = {column: f"{prefix}{number}" for number, column in enumerate(columns, 1)}
    sources |= {column: f"?{number}" for number, column in enumerate(shared_columns, count * width + 1)}
    stored = dict(sources)
    if computed_column is not None:
        first_number = count * width + len(shared_columns) + 1
        stored[computed_column.name] = computed_column.write(lambda column: sources.get(column, "NULL"), first_number)
    insertion = f"INSERT INTO {table} ({', '.join(stored)})"
    if count == 1:
        return f"{insertion} VALUES ({', '.join(stored.values())})"
    rows = ", ".join(f"({_write_parameters(start, width)})" for start in range(1, count * width, width))
    return f"{insertion} SELECT {', '.join(stored.values())} FROM (VALUES {rows}) AS few WHERE few.column1 IS NOT NULL"


def _write_parameters(first: int, count: int) -> str:
    return ", ".join(f"?{number}" for number in range(first, first + count))
