"""Reads a dump as rows, in the order in which they are stored, and says what it lacks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import IO, Any, Final

from msgspec.structs import replace

from dcvd.core.predecessor import values
from dcvd.core.predecessor.credential_rows import Decrypt, read_connection, read_endpoint, read_token
from dcvd.core.predecessor.domain_rows import order_claims, read_domain
from dcvd.core.predecessor.organization_rows import read_history, read_member, read_organization
from dcvd.core.predecessor.reading import RawRow, ReadResult
from dcvd.core.predecessor.rows import (
    BrandingRow,
    ImportOutcome,
    LogoRow,
    OrganizationRow,
    TokenRow,
    build_result,
)
from dcvd.errors import InvalidInput, NotFound
from dcvd.store.predecessor.dump import Dump, load_dump

MAX_DUMP_BYTES: Final = 1 << 30
_PIECE_CHARACTERS: Final = 64 << 10
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "organizations": (
        "id", "name", "created_at", "owner_id", "subscription_tier", "brand_color", "logo_url", "custom_domain",
    ),
    "organization_members": ("id", "org_id", "user_id", "email", "role", "status", "created_at", "updated_at"),
    "domains": (
        "id", "org_id", "domain_name", "status", "cname_target", "cf_custom_hostname_id", "cf_status", "cf_ssl_status",
        "cf_verification_errors", "expires_at", "last_issued_at", "error_message", "created_at", "updated_at",
    ),
    "api_tokens": ("id", "org_id", "token_hash", "label", "created_at", "last_used_at", "expires_at"),
    "webhook_endpoints": ("id", "org_id", "url", "secret", "events", "enabled", "created_at", "updated_at"),
    "oauth_connections": (
        "id", "org_id", "provider", "encrypted_access_token", "encrypted_refresh_token", "expires_at", "created_at",
        "updated_at",
    ),
    "audit_logs": ("id", "org_id", "user_id", "action", "entity_type", "entity_id", "details", "created_at"),
}  # fmt: skip
"""The tables that are moved, in the order in which they are stored, with the columns that an installation may have."""
_NOT_MOVED: Final[Mapping[str, str]] = {
    "jobs": "what was under way there ends with it; dcvd does its own work",
    "d1_migrations": "it is about the predecessor's own database",
    "sqlite_sequence": "it is about the predecessor's own database",
}


class PredecessorDump:
    """A dump of the predecessor's. org_ids: the organizations that are meant; None for all."""

    def __init__(self, dump: Dump, *, organization: str | None, now: int) -> None:
        self._dump = dump
        self._now = now
        self._org_ids = None if organization is None else self._find_organization(organization)

    def count(self) -> int:
        """Count the rows of all organizations."""
        return sum(map(self._dump.count, _COLUMNS))

    def describe_missing(self) -> list[str]:
        """Say which tables and columns the dump does not have."""
        tables, sentences = self._dump.content.tables, []
        for table, columns in _COLUMNS.items():
            if table not in tables:
                sentences.append(f"It has no table {table}, so nothing of that comes along.")
            elif missing := [column for column in columns if column not in tables[table]]:
                sentences.append(f"Its table {table} does not have: {', '.join(missing)}.")
        return sentences

    def describe_not_moved(self) -> list[str]:
        """Say which tables stay behind, and why."""
        content = self._dump.content
        sentences = [
            f"{table}, rows: {count}: {_NOT_MOVED.get(table, 'no such table is known')}."
            for table, count in sorted(content.other_rows.items())
        ]
        if content.left_out:
            sentences.append(f"Triggers and views: {content.left_out}. Nothing of a dump is carried out.")
        return sentences

    def read(self, decrypt: Decrypt) -> Iterator[ReadResult]:
        """Yield the rows, and the results of rows that stay behind, of those organizations that are meant."""
        organizations = chain.from_iterable(map(read_organization, self._rows("organizations", "id")))
        looks: list[ReadResult] = []
        titles: set[str] = set()
        for result in organizations:
            if isinstance(result, BrandingRow | LogoRow):
                looks.append(result)
            else:
                yield _name_apart(result, titles) if isinstance(result, OrganizationRow) else result
        yield from (look for look in looks if isinstance(look, BrandingRow))
        yield from (look for look in looks if isinstance(look, LogoRow))
        yield from self._read("organization_members", read_member)
        org_ids = {values.read_text(row.get("id")) or "" for row in self._dump.rows("organizations")}
        for row, is_rival in order_claims(self._dump.rows("domains"), org_ids):
            if self._is_meant(row, "org_id"):
                yield from read_domain(row, now=self._now, is_rival=is_rival)
        yield from _refuse_twins(self._read("api_tokens", lambda row: read_token(row, now=self._now)))
        yield from self._read("webhook_endpoints", read_endpoint)
        yield from self._read("oauth_connections", lambda row: read_connection(row, decrypt))
        yield from self._read("audit_logs", read_history)

    def _read(self, table: str, read: Callable[[RawRow], list[ReadResult]]) -> Iterator[ReadResult]:
        return chain.from_iterable(map(read, self._rows(table, "org_id")))

    def _rows(self, table: str, owner_column: str) -> Iterator[dict[str, Any]]:
        return (row for row in self._dump.rows(table) if self._is_meant(row, owner_column))

    def _is_meant(self, row: RawRow, owner_column: str) -> bool:
        return self._org_ids is None or values.read_text(row.get(owner_column)) in self._org_ids

    def _find_organization(self, id_or_name: str) -> frozenset[str]:
        rows = [
            (values.read_text(row.get("id")) or "", values.read_text(row.get("name")))
            for row in self._dump.rows("organizations")
        ]
        found = {row_id for row_id, _ in rows if row_id == id_or_name}
        found = found or {row_id for row_id, name in rows if name == id_or_name}
        if len(found) > 1:
            raise NotFound(f"The dump has {len(found)} organizations named {id_or_name!r}: name one by its id.")
        if not found:
            raise NotFound(f"The dump has no organization {id_or_name!r}.")
        return frozenset(found)


@contextmanager
def open_dump(file: IO[bytes], *, organization: str | None, now: int) -> Iterator[PredecessorDump]:
    """Read a whole dump, before anything of it is used. Raises InvalidInput with the code `bad_dump`, NotFound."""
    with load_dump(_read_pieces(file), _COLUMNS) as dump:
        if not dump.content.tables:
            raise InvalidInput("DUMP", "The dump has none of the predecessor's tables.", code="bad_dump")
        yield PredecessorDump(dump, organization=organization, now=now)


def _read_pieces(file: IO[bytes]) -> Iterator[str]:
    length, rest = 0, b""
    while piece := file.read(_PIECE_CHARACTERS):
        length += len(piece)
        if length > MAX_DUMP_BYTES:
            raise InvalidInput("DUMP", "The dump is larger than 1 GiB: export it table by table.", code="bad_dump")
        content = rest + (piece.removeprefix(b"\xef\xbb\xbf") if length == len(piece) else piece)
        try:
            text, rest = content.decode(), b""
        except UnicodeDecodeError as error:
            if error.end < len(content) or len(content) - error.start > 3:  # not a character that goes on
                raise InvalidInput("DUMP", "The dump is not text in UTF-8.", code="bad_dump") from None
            text, rest = content[: error.start].decode(), content[error.start :]
        yield text
    if rest:
        raise InvalidInput("DUMP", "The dump is not text in UTF-8, or was cut off.", code="bad_dump")


def _name_apart(row: OrganizationRow, titles: set[str]) -> OrganizationRow:
    """Return an organization with a name that no earlier one of the dump has."""
    if row.title in titles:
        title = f"{row.title[:60]} ({row.id[:36]})"
        row = replace(row, title=title, notes=(*row.notes, f"Another one has its name; it is {title!r}."))
    titles.add(row.title)
    return row


def _refuse_twins(results: Iterator[ReadResult]) -> Iterator[ReadResult]:
    """Refuse a token with the secret of an earlier one: a bearer is one of them only."""
    hashes: set[str] = set()
    for result in results:
        if isinstance(result, TokenRow):
            if result.token_hash in hashes:
                yield build_result(result, ImportOutcome.REFUSED, "Another token of the dump has the same secret.")
                continue
            hashes.add(result.token_hash)
        yield result
