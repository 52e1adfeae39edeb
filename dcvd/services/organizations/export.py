"""Export everything of an organization as lines of JSON, one row of the database each.

Sealed secrets, hashes of tokens and signing secrets are left out: the copy is for people, not for a restore.
"""

import base64
from collections.abc import AsyncGenerator
from typing import Any, Final

import msgspec
from msgspec import Struct

from dcvd.core.instants import to_rfc3339
from dcvd.core.sentences.wording import word
from dcvd.errors import NotFound
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Row
from dcvd.store.organizations import data as organization_data
from dcvd.store.organizations.data import ExportedRow

_INSTANT_SUFFIX: Final = "_at"
_ENCODER: Final = msgspec.json.Encoder()


class ExportLine(Struct, frozen=True):
    """A line: a table of the database, and a row of it by its columns."""

    table: str
    row: dict[str, Any]


async def export_lines(context: Context, org_id: str) -> AsyncGenerator[bytes, None]:
    """Yield the lines, those of a page at once; the organization's own row first. Raises NotFound before the first.

    Each page is read for itself, so what changes meanwhile is in the export as it was when its page was read.
    """
    organization = await context.database.read(lambda snapshot: organization_data.read_organization(snapshot, org_id))
    if organization is None:
        raise NotFound(word("organization_unknown", organization=org_id))
    yield _encode([organization])
    for table in organization_data.OWNED_TABLES:
        after: Row | None = None
        while True:
            page = await context.database.read(
                lambda snapshot: organization_data.read_page(snapshot, table, org_id, after)  # noqa: B023
            )
            if page.rows:
                yield _encode(page.rows)
            after = page.last_key
            if after is None:
                break


def _encode(rows: list[ExportedRow]) -> bytes:
    return b"".join(
        _ENCODER.encode(ExportLine(row.table, {name: _show(row, name, value) for name, value in row.columns.items()}))
        + b"\n"
        for row in rows
    )


def _show(row: ExportedRow, name: str, value: Any) -> Any:
    """Show a value: instants in RFC 3339, JSON as it is, bytes as text, or in base64 where they are none."""
    if value is None:
        return None
    if name in row.json:
        return msgspec.Raw(value if isinstance(value, bytes) else value.encode())
    if name.endswith(_INSTANT_SUFFIX) and isinstance(value, int):
        return to_rfc3339(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    return value
