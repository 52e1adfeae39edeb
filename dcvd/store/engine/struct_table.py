"""Tables of which each row is a Struct."""

import collections.abc
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from dcvd.store.engine.json_text import encode_json, encode_list
from dcvd.store.engine.paging import HIGHEST_KEY
from dcvd.store.engine.transactions import Parameters, Row, Snapshot, Transaction

S = TypeVar("S", bound=Struct)


class _Part(Struct, frozen=True):
    """The field at `position`, a nested Struct, and its columns; it is None where `required`, one of them, is NULL."""

    type: type[Struct]
    position: int
    start: int
    end: int
    required: int

    def build(self, values: Sequence[Any]) -> Struct | None:
        if values[self.required] is None:
            return None
        return self.type(**dict(zip(self.type.__struct_fields__, values[self.start : self.end], strict=True)))


class StructTable(Generic[S]):
    """A table with a column for each field of a Struct, and perhaps more columns, with which queries are made.

    None is stored as NULL. A nested Struct has a column for each of its fields, named `field_nested_field`, and None in
    its place is NULL in all of them, so one of its fields must not be None. `renamed`: the columns with another name,
    by `field` or `field.nested_field`. Tuples, mappings, the nested Structs of `json_fields`, and what is nested in a
    nested Struct, are stored as JSON in one column.
    """

    def __init__(
        self, name: str, struct_type: type[S], *, renamed: Mapping[str, str] = {}, json_fields: Collection[str] = ()
    ) -> None:
        self._name = name
        self._type = struct_type
        self._json_columns: list[int] = []
        self._decoders: list[tuple[int, Callable[[Any], Any]]] = []
        self._parts: list[_Part] = []
        columns: list[str] = []
        for position, field in enumerate(msgspec.structs.fields(struct_type)):
            field_type = _strip_none(field.type)
            if field.name in json_fields or not _is_a(field_type, Struct):
                self._add_decoder(len(columns), field_type)
                columns.append(renamed.get(field.name, field.name))
                continue
            start, inner_fields = len(columns), msgspec.structs.fields(field_type)
            for inner in inner_fields:
                self._add_decoder(len(columns), _strip_none(inner.type))
                columns.append(renamed.get(f"{field.name}.{inner.name}", f"{field.name}_{inner.name}"))
            required = next(at for at, inner in enumerate(inner_fields, start) if _strip_none(inner.type) is inner.type)
            self._parts.append(_Part(field_type, position, start, len(columns), required))
        self._parts.reverse()  # what changes the length of a row begins at its end, so that the positions before stay
        self.columns = tuple(columns)
        self.select_sql = f"SELECT {', '.join(columns)} FROM {name}"

    def insert_sql(self, *more_columns: str) -> str:
        """Return the statement that stores the values of the columns and, behind them, of more columns."""
        columns = (*self.columns, *more_columns)
        return f"INSERT INTO {self._name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"

    def insert_all(self, tx: Transaction, structs: Iterable[S]) -> None:
        """Store new rows."""
        tx.insert_all(self._name, self.columns, [self.to_row(struct) for struct in structs])

    def fetch_all(self, snapshot: Snapshot, clauses: str, parameters: Parameters = ()) -> list[S]:
        """Fetch the rows that the clauses behind `FROM table` select."""
        return [self.from_row(row) for row in snapshot.fetch_all(f"{self.select_sql} {clauses}", parameters)]

    def share_all(self, snapshot: Snapshot, clauses: str, parameters: Sequence[Any]) -> tuple[S, ...]:
        """Fetch the rows that the clauses select, as units share it; see `Snapshot.share`."""
        return snapshot.share(f"{self.select_sql} {clauses}", parameters, lambda rows: tuple(map(self.from_row, rows)))

    def fetch_one(self, snapshot: Snapshot, clauses: str, parameters: Sequence[Any]) -> S | None:
        """Fetch the first row that the clauses behind `FROM table` select, or None."""
        row = snapshot.fetch_one(f"{self.select_sql} {clauses}", parameters)
        return None if row is None else self.from_row(row)

    def list_of_org(
        self, snapshot: Snapshot, org_id: str, *, before: str | None, limit: int, **conditions: object
    ) -> list[S]:
        """List an organization's rows with an id below `before`, newest first, without conditions that are None."""
        given = {column: value for column, value in conditions.items() if value is not None}
        return self.fetch_all(
            snapshot,
            f"WHERE org_id = ?{''.join(f' AND {column} = ?' for column in given)} AND id < ? ORDER BY id DESC LIMIT ?",
            (org_id, *given.values(), before or HIGHEST_KEY, limit),
        )

    def list_existing_ids(self, snapshot: Snapshot, org_id: str, ids: Collection[str]) -> list[str]:
        """List those ids that rows of an organization have."""
        # The join in this order: SQLite cannot know that the ids are few.
        return snapshot.fetch_column(
            f"SELECT few.value FROM json_each(?) few CROSS JOIN {self._name} t ON t.id = few.value WHERE t.org_id = ?",
            (encode_list(ids), org_id),
        )

    def list_of_all(
        self,
        snapshot: Snapshot,
        *,
        before: str | None,
        limit: int,
        index: str | None = None,
        condition: str = "",
        values: Sequence[Any] = (),
    ) -> list[S]:
        """List rows of every organization with an id below `before`, newest first; by an index, where one is named.

        condition: a further one, which refers to `values`.
        """
        return self.fetch_all(
            snapshot,
            f"{'' if index is None else f'INDEXED BY {index} '}WHERE {f'{condition} AND ' if condition else ''}id < ?"
            " ORDER BY id DESC LIMIT ?",
            (*values, before or HIGHEST_KEY, limit),
        )

    def count_of_org(self, snapshot: Snapshot, org_id: str, limit: int) -> int:
        """Count an organization's rows, but no further than `limit`."""
        return snapshot.fetch_count(
            f"SELECT count(*) FROM (SELECT 1 FROM {self._name} WHERE org_id = ? LIMIT ?)", (org_id, limit)
        )

    def list_of_domain(
        self, snapshot: Snapshot, domain_id: str, position: Mapping[str, object], *, newest_first: bool, limit: int
    ) -> list[S]:
        """List a domain's rows beyond a position, which is the values of some columns, in that order or against it."""
        beyond, order = ("<", "DESC") if newest_first else (">", "ASC")
        return self.fetch_all(
            snapshot,
            f"WHERE domain_id = ? AND ({', '.join(position)}) {beyond} ({', '.join('?' * len(position))})"
            f" ORDER BY {', '.join(f'{column} {order}' for column in position)} LIMIT ?",
            (domain_id, *position.values(), limit),
        )

    def to_row(self, struct: S) -> list[Any]:
        """Return the values of the columns."""
        row = list(astuple(struct))
        for part in self._parts:
            nested = row[part.position]
            row[part.position : part.position + 1] = (
                [None] * (part.end - part.start) if nested is None else astuple(nested)
            )
        for position in self._json_columns:
            if (value := row[position]) is not None:
                # Most are empty, and to write a value takes a while.
                row[position] = "[]" if value == () else "{}" if value == {} else encode_json(value)
        return row

    def from_row(self, row: Row) -> S:
        """Build the Struct of a row with these columns."""
        values = list(row)
        for position, decode in self._decoders:
            if values[position] is not None:
                values[position] = decode(values[position])
        for part in self._parts:
            values[part.start : part.end] = [part.build(values)]
        return self._type(**dict(zip(self._type.__struct_fields__, values, strict=True)))

    def _add_decoder(self, position: int, field_type: Any) -> None:
        if field_type is bool or _is_a(field_type, Enum):
            self._decoders.append((position, field_type))
        elif get_origin(field_type) in (tuple, collections.abc.Mapping) or _is_a(field_type, Struct):
            self._decoders.append((position, msgspec.json.Decoder(field_type).decode))
            self._json_columns.append(position)


def _strip_none(annotation: Any) -> Any:
    if isinstance(annotation, UnionType):
        (annotation,) = (each for each in annotation.__args__ if each is not NoneType)
    return annotation


def _is_a(annotation: Any, kind: type) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, kind)
