"""Files of domains: they have one name to a line, or CSV with a header, or one JSON object to a line.

Blank lines and those that begin with # are left out. Lines are numbered from 1, as an editor does.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType

from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.cells import unescape_formula
from dcvd.core.domains.domain import ValidationMethod
from dcvd.errors import InvalidInput

_NAME_COLUMN: Final = "domainName"
_COMMENT: Final = "#"
_LABELS_EXAMPLE: Final = '{"tier":"gold"}'


class ImportDefaults(Struct, frozen=True, kw_only=True):
    """The members of every line that does not give its own."""

    validation: ValidationMethod | None = None
    wildcard: bool = False
    external_id: str | UnsetType = UNSET
    labels: Mapping[str, str] = {}


class ImportEntry(Struct, frozen=True):
    """A line of a file: the request that it makes, or a sentence about what is wrong with it."""

    line: int
    request_or_fault: DomainRequest | str


class _Row(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    domain_name: str
    validation: ValidationMethod | None = None
    wildcard: bool | None = None
    external_id: str | UnsetType = UNSET
    labels: dict[str, str] = {}


def read_entries(content: bytes, defaults: ImportDefaults) -> list[ImportEntry]:
    """Read all lines of a file. Raises InvalidInput if it is not text, or has columns but none of hostnames."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInput("FILE", f"The file is not text in UTF-8: see line {line}.") from error
    first = next((text for text in map(str.strip, lines) if text and not text.startswith(_COMMENT)), "")
    if first.startswith("{"):
        return list(_read_json(lines, defaults))
    columns = _split_cells(first, _guess_delimiter(first))
    if _NAME_COLUMN in columns:
        return list(_read_csv(lines, _guess_delimiter(first), columns, defaults))
    if len(columns) > 1:
        message = (
            f"The first line has {len(columns)} columns, and none is {_NAME_COLUMN}: name the column of hostnames so."
        )
        raise InvalidInput("FILE", message)
    return list(_read_names(lines, defaults))


def _read_names(lines: Sequence[str], defaults: ImportDefaults) -> Iterator[ImportEntry]:
    for number, text in enumerate(lines, 1):
        name = text.partition(_COMMENT)[0].strip()
        if name:
            yield ImportEntry(number, _to_request(_Row(domain_name=name), defaults))


def _read_json(lines: Sequence[str], defaults: ImportDefaults) -> Iterator[ImportEntry]:
    for number, text in enumerate(lines, 1):
        if text.strip() and not text.lstrip().startswith(_COMMENT):
            try:
                row = msgspec.json.decode(text, type=_Row)
            except msgspec.DecodeError as error:
                yield ImportEntry(number, f"The line is not a domain in JSON: {error}.")
            else:
                yield ImportEntry(number, _to_request(row, defaults))


def _read_csv(
    lines: Sequence[str], delimiter: str, columns: Sequence[str], defaults: ImportDefaults
) -> Iterator[ImportEntry]:
    reader = csv.reader([f"{line}\n" for line in lines], delimiter=delimiter)
    is_header_read, number = False, 1
    for cells in reader:
        first_line, number = number, reader.line_num + 1
        if not any(map(str.strip, cells)) or cells[0].startswith(_COMMENT):
            continue
        if not is_header_read:
            is_header_read = True
            continue
        # Other columns are somebody's own; a file that `GET /api/domains.csv` gave can be imported as it is.
        row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}
        members: dict[str, Any] = {name: row[name] for name in (_NAME_COLUMN, "validation") if name in row}
        if "externalId" in row:
            members["externalId"] = unescape_formula(row["externalId"])
        if "wildcard" in row:
            members["wildcard"] = {"true": True, "false": False}.get(row["wildcard"].lower(), row["wildcard"])
        try:
            if "labels" in row:
                members["labels"] = msgspec.json.decode(row["labels"], type=dict[str, str])
        except msgspec.DecodeError:
            yield ImportEntry(first_line, f"labels is {row['labels']!r}; give a JSON object such as {_LABELS_EXAMPLE}.")
            continue
        try:
            yield ImportEntry(first_line, _to_request(msgspec.convert(members, _Row), defaults))
        except msgspec.ValidationError:
            yield ImportEntry(first_line, _explain_row(row))


def _explain_row(row: Mapping[str, str]) -> str:
    """Say what is wrong with a row."""
    if _NAME_COLUMN not in row:
        return f"The line has no {_NAME_COLUMN}."
    if row.get("validation", "http") not in get_args(ValidationMethod):
        return f"validation is {row['validation']!r}; give {' or '.join(get_args(ValidationMethod))}."
    return f"wildcard is {row.get('wildcard')!r}; give true or false."


def _to_request(row: _Row, defaults: ImportDefaults) -> DomainRequest:
    return DomainRequest(
        domain_name=row.domain_name,
        validation=defaults.validation if row.validation is None else row.validation,
        wildcard=defaults.wildcard if row.wildcard is None else row.wildcard,
        external_id=defaults.external_id if row.external_id is UNSET else row.external_id,
        labels={**defaults.labels, **row.labels} or UNSET,
    )


def _guess_delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _split_cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
