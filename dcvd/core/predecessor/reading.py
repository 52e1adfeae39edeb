"""What the reading of every row has in common: its ids, its instants, and a sentence for one that stays behind."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from dcvd.core.ids import MAX_ID_CHARS, may_be_id
from dcvd.core.predecessor import values
from dcvd.core.predecessor.rows import AnyRow, ImportOutcome, ImportResult, RowKind
from dcvd.core.text import make_printable, shorten

RawRow = Mapping[str, Any]
"""A row by the names of those columns that the dump has."""
ReadResult = AnyRow | ImportResult
MAX_NAME_CHARACTERS: Final = 100
_MAX_SHORT_CHARACTERS: Final = 300
_NAME_COLUMNS: Final[Mapping[RowKind, str]] = {
    RowKind.ORGANIZATION: "name",
    RowKind.MEMBER: "email",
    RowKind.DOMAIN: "domain_name",
    RowKind.TOKEN: "label",
    RowKind.ENDPOINT: "url",
    RowKind.CONNECTION: "provider",
    RowKind.HISTORY: "action",
}


class RowFault(Exception):
    """A row does not come along; the message is a sentence."""

    def __init__(self, sentence: str, outcome: ImportOutcome = ImportOutcome.REFUSED) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.outcome = outcome


def read_row(
    kind: RowKind, row: RawRow, owner_column: str, read: Callable[[str, str], Sequence[AnyRow]]
) -> list[ReadResult]:
    """Read a row by `read`, which gets its id and its organization's, and raises RowFault."""
    row_id = values.read_text(row.get("id")) or ""
    org_id = values.read_text(row.get(owner_column)) or ""
    try:
        for column, text in (("id", row_id), (owner_column, org_id)):
            if not may_be_id(text):
                raise RowFault(f"Its {column} cannot be one here: up to {MAX_ID_CHARS} letters, digits, - and _ can.")
        return list(read(row_id, org_id))
    except RowFault as fault:
        name = values.read_text(row.get(_NAME_COLUMNS.get(kind, "id")))
        return [
            ImportResult(
                kind=kind,
                id=show(row_id),
                org_id=show(org_id),
                name=show(name or row_id),
                outcome=fault.outcome,
                notes=(fault.sentence,),
            )
        ]


def read_optional_instant(row: RawRow, column: str, notes: list[str]) -> int | None:
    """Return an instant; None where there is none, or none that can be read, of which a note says so."""
    try:
        return values.read_instant(row.get(column))
    except ValueError:
        notes.append(f"Its {column} is no instant, and is left out.")
        return None


def read_short(row: RawRow, column: str) -> str | None:
    """Return a text in one line; None for none."""
    text = values.read_text(row.get(column))
    return None if text is None else shorten(make_printable(text), _MAX_SHORT_CHARACTERS) or None


def show(text: str) -> str:
    """Return a stranger's text for a sentence."""
    return shorten(make_printable(text), 200)
