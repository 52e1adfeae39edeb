"""Statements that store new rows, as many in one as that is quick for; see `rows`.

A column that is NULL in all of them is left out: sqlite3 takes long to bind it, and a column that may be NULL is so by
itself.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from dcvd.store.engine.rows import split_rows

_MAX_VALUES: Final = 1_024
_MAX_STATEMENTS: Final = 256


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
        yield _write_statement(table, names, computed_column, 1), [*values, *parameters]
        return
    values_of_columns = list(zip(*rows, strict=True))
    stored = [at for at, values in enumerate(values_of_columns) if values.count(None) < len(rows)]
    names = tuple([columns[at] for at in stored])
    fewer = list(zip(*[values_of_columns[at] for at in stored], strict=True))
    for count, values in split_rows(fewer, max_rows=max(1, _MAX_VALUES // len(names))):
        yield _write_statement(table, names, computed_column, count), [*values, *parameters]


@lru_cache(maxsize=_MAX_STATEMENTS)
def _write_statement(table: str, columns: tuple[str, ...], computed_column: ComputedColumn | None, count: int) -> str:
    width = len(columns)
    prefix = "?" if count == 1 else "few.column"
    names, computed = list(columns), []
    if computed_column is not None:
        names.append(computed_column.name)
        numbers = {column: f"{prefix}{number}" for number, column in enumerate(columns, 1)}
        computed.append(computed_column.write(lambda column: numbers.get(column, "NULL"), count * width + 1))
    insertion = f"INSERT INTO {table} ({', '.join(names)})"
    if count == 1:
        return f"{insertion} VALUES ({', '.join((_write_parameters(1, width), *computed))})"
    rows = ", ".join(f"({_write_parameters(start, width)})" for start in range(1, count * width, width))
    return (
        f"{insertion} SELECT {', '.join(('few.*', *computed))} FROM (VALUES {rows}) AS few"
        " WHERE few.column1 IS NOT NULL"
    )


def _write_parameters(first: int, count: int) -> str:
    return ", ".join(f"?{number}" for number in range(first, first + count))
