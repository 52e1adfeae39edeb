"""Records: the predecessor's rows as they are brought to the daemon, each by itself.

Whoever reads a dump makes them, and whoever stores them takes nothing else, so no SQL of strangers reaches the daemon.
"""

from enum import StrEnum
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from dcvd.core.connections.connection import Provider
from dcvd.core.members import MemberStatus
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import Role

MAX_ROWS: Final = 2_000
"""How many rows one call brings."""
DomainState = Literal["waiting", "active", "error"]
"""What the predecessor said of a domain."""


class RowKind(StrEnum):
    """What is moved, in the order in which it is stored: an organization comes before what is its own."""

    ORGANIZATION = "organization"
    BRANDING = "branding"
    LOGO = "logo"
    MEMBER = "member"
    DOMAIN = "domain"
    TOKEN = "token"
    ENDPOINT = "endpoint"
    CONNECTION = "connection"
    HISTORY = "history"


class Row(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, tag_field="kind"):
    """A row. Instants are in milliseconds. id: as it was there. notes: what the reader has to say of the row."""

    id: str
    org_id: str
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> RowKind:
        """What it is."""
        return RowKind(str(self.__struct_config__.tag))

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.id


class OrganizationRow(Row, frozen=True, kw_only=True, tag="organization"):
    """An organization; its `org_id` is its own id."""

    title: str
    created_at: int | None = None

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.title


class BrandingRow(Row, frozen=True, kw_only=True, tag="branding"):
    """How an organization looks: its colour as `#rrggbb`."""

    color: str


class LogoRow(Row, frozen=True, kw_only=True, tag="logo"):
    """From where an organization's logo is to be fetched."""

    url: str


class MemberRow(Row, frozen=True, kw_only=True, tag="member"):
    """A person of an organization, by a normalised address."""

    address: str
    role: Role
    status: MemberStatus
    created_at: int | None = None

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.address


class DomainRow(Row, frozen=True, kw_only=True, tag="domain"):
    """A domain. cf_id: of its hostname at Cloudflare. is_rival: another organization's row has the better claim.

    cf_errors: what Cloudflare last said. expires_at: of its certificate, where it is known and has not passed.
    """

    domain_name: str
    state: DomainState
    cname_target: str | None = None
    cf_id: str | None = None
    cf_status: str | None = None
    cf_ssl_status: str | None = None
    cf_errors: tuple[str, ...] = ()
    expires_at: int | None = None
    is_rival: bool = False
    created_at: int | None = None

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.domain_name


class TokenRow(Row, frozen=True, kw_only=True, tag="token"):
    """A token, of which only the SHA-256 is known."""

    label: str
    token_hash: str
    created_at: int | None = None
    expires_at: int | None = None
    last_used_at: int | None = None

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.label


class EndpointRow(Row, frozen=True, kw_only=True, tag="endpoint"):
    """An endpoint with its secret, byte for byte. events: a subscription as we write it."""

    url: str
    secret: Secret
    events: tuple[str, ...]
    is_enabled: bool
    created_at: int | None = None

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.url


class ConnectionRow(Row, frozen=True, kw_only=True, tag="connection"):
    """A connection with its decrypted tokens; they are tested before they are stored."""

    provider: Provider
    access_token: Secret
    refresh_token: Secret | None = None
    expires_at: int | None = None
    created_at: int | None = None

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.provider.value


class HistoryRow(Row, frozen=True, kw_only=True, tag="history"):
    """An entry of the predecessor's audit log. details: JSON, or the text where it is none."""

    occurred_at: int | None = None
    action: str
    user_id: str | None = None
    entity_type: str | None = None
    entity_id: str | None = None
    details: Any = None

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.action


AnyRow = (
    OrganizationRow
    | BrandingRow
    | LogoRow
    | MemberRow
    | DomainRow
    | TokenRow
    | EndpointRow
    | ConnectionRow
    | HistoryRow
)


class ImportRequest(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Records that are brought by one call.

    dry_run: nothing is stored. with_deleted: whether organizations come back that an import has brought, and that were
    deleted here since. simulated_org_ids: the organizations that a dry run has said it would import.
    """

    rows: list[AnyRow]
    dry_run: bool = False
    with_deleted: bool = False
    simulated_org_ids: frozenset[str] = frozenset()


class ImportOutcome(StrEnum):
    """What became of a row. left_out: on purpose, and nobody has to act. refused: somebody has to look at it.

    claimed: a domain came along, whose name another organization has: it gets the name once it proves it.
    """

    IMPORTED = "imported"
    WOULD_IMPORT = "would_import"
    CLAIMED = "claimed"
    WOULD_CLAIM = "would_claim"
    EXISTS = "exists"
    LEFT_OUT = "left_out"
    REFUSED = "refused"


class ImportResult(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a row, and what there is to say of it."""

    kind: RowKind
    id: str
    org_id: str
    name: str
    outcome: ImportOutcome
    notes: tuple[str, ...] = ()


def build_result(row: Row, outcome: ImportOutcome, *notes: str) -> ImportResult:
    """Build the result of a row; of one that comes along, or is refused, what its reader had to say stands first."""
    if outcome in (ImportOutcome.EXISTS, ImportOutcome.LEFT_OUT):
        read_notes: tuple[str, ...] = ()
    else:
        read_notes = row.notes
    return ImportResult(
        kind=row.kind,
        id=row.id,
        org_id=row.org_id,
        name=row.name,
        outcome=outcome,
        notes=(*read_notes, *notes),
    )


def encode_request(request: ImportRequest) -> bytes:
    """Encode a request, secrets included, for the socket alone."""
    return _ENCODER.encode(request)


def decode_request(body: bytes) -> ImportRequest:
    """Decode what `encode_request` returned. Raises msgspec.DecodeError, which quotes no value."""
    return _DECODER.decode(body)


def _encode_secret(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(f"{type(value).__name__} cannot be encoded as JSON")


def _decode_secret(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("a secret is text")


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_encode_secret)
_DECODER: Final[msgspec.json.Decoder[ImportRequest]] = msgspec.json.Decoder(ImportRequest, dec_hook=_decode_secret)
