"""A Struct that was stored is read back as it was, whatever is missing in it and whatever else its table holds."""

import sqlite3
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from dcvd.store.engine.struct_table import StructTable


class _Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class _Stamp(Struct, frozen=True):
    place: str | None
    sheets: tuple[int, ...]
    at: int
    is_paid: bool | None = None


class _Note(Struct, frozen=True):
    text: str
    colours: tuple[_Colour, ...] = ()


class _Parcel(Struct, frozen=True, kw_only=True):
    id: str
    sent: _Stamp | None
    colour: _Colour
    other_colour: _Colour | None
    lines: tuple[str, ...] | None
    note: _Note | None
    is_heavy: bool
    received: _Stamp


_PARCELS: Final = StructTable(
    "parcels", _Parcel, renamed={"sent.at": "sent", "is_heavy": "weight"}, json_fields=["note"]
)
_COLUMNS: Final = (
    # In another order than the members, with columns of which the Struct knows nothing.
    "weight INTEGER NOT NULL, received_at INTEGER NOT NULL, received_sheets TEXT NOT NULL, received_is_paid INTEGER,"
    " received_place TEXT, lane INTEGER NOT NULL DEFAULT 7, note TEXT, lines TEXT, other_colour TEXT,"
    " colour TEXT NOT NULL, sent INTEGER, sent_sheets TEXT, sent_is_paid INTEGER, sent_place TEXT, id TEXT PRIMARY KEY"
)

_stamps = st.builds(
    _Stamp,
    st.none() | st.just("here"),
    st.lists(st.integers(0, 9), max_size=2).map(tuple),
    st.integers(0, 99),
    st.none() | st.booleans(),
)
_notes = st.builds(_Note, st.just("a note"), st.sampled_from([(), tuple(_Colour)]))
_parcels = st.builds(
    _Parcel,
    id=st.just("p1"),
    sent=st.none() | _stamps,
    colour=st.sampled_from(_Colour),
    other_colour=st.none() | st.sampled_from(_Colour),
    lines=st.none() | st.sampled_from([(), ("one", "two")]),
    note=st.none() | _notes,
    is_heavy=st.booleans(),
    received=_stamps,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(f"CREATE TABLE parcels ({_COLUMNS}) STRICT")
    yield connection
    connection.close()


def _store(connection: sqlite3.Connection, parcel: _Parcel) -> None:
    connection.execute("DELETE FROM parcels")
    connection.execute(_PARCELS.insert_sql(), _PARCELS.to_row(parcel))


def _read(connection: sqlite3.Connection) -> _Parcel:
    (row,) = connection.execute(_PARCELS.select_sql)
    return _PARCELS.from_row(row)


@given(parcel=_parcels)
def test_what_was_stored_is_read_back_as_it_was(connection: sqlite3.Connection, parcel: _Parcel) -> None:
    _store(connection, parcel)
    found = _read(connection)
    assert found == parcel
    assert [type(found.is_heavy), type(found.colour)] == [bool, _Colour]


@given(parcel=_parcels)
def test_what_is_missing_is_null_in_each_of_its_columns(connection: sqlite3.Connection, parcel: _Parcel) -> None:
    _store(connection, parcel)
    (sent,) = connection.execute("SELECT sent_place, sent_sheets, sent, sent_is_paid FROM parcels")
    assert (sent == (None,) * 4) is (parcel.sent is None)
    (is_null,) = connection.execute("SELECT other_colour IS NULL, lines IS NULL, note IS NULL FROM parcels")
    assert is_null == (parcel.other_colour is None, parcel.lines is None, parcel.note is None)


def test_a_column_that_a_later_migration_adds_changes_nothing(connection: sqlite3.Connection) -> None:
    parcel = _make_parcel()
    _store(connection, parcel)
    connection.execute("ALTER TABLE parcels ADD COLUMN barcode TEXT NOT NULL DEFAULT '-'")
    assert _read(connection) == parcel
    _store(connection, parcel)
    assert _read(connection) == parcel
    assert connection.execute("SELECT barcode FROM parcels").fetchall() == [("-",)]


def test_a_value_that_this_version_does_not_know_is_an_error_and_no_other_value(connection: sqlite3.Connection) -> None:
    _store(connection, _make_parcel())
    connection.execute("UPDATE parcels SET other_colour = 'green'")
    with pytest.raises(ValueError, match="green"):
        _read(connection)


def _make_parcel() -> _Parcel:
    return _Parcel(
        id="p1", sent=None, colour=_Colour.RED, other_colour=None, lines=None, note=None, is_heavy=True,
        received=_Stamp(None, (1, 2), 5),
    )  # fmt: skip
