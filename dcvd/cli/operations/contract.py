"""The operations and their results, which have the API's JSON form, so that `--json` prints them as they are."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from msgspec import Struct

from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.bulk import AddStatus
from dcvd.core.tokens import Role
from dcvd.errors import NotFound
from dcvd.services.lifecycle.renewals import RenewalsView


class OrganizationOutput(Struct, frozen=True, kw_only=True, rename="camel"):
    """An organization; instants here and below are RFC 3339."""

    id: str
    name: str
    created_at: str


class TokenOutput(Struct, frozen=True, kw_only=True, rename="camel"):
    """A token as it is listed."""

    id: str
    org_id: str
    name: str
    role: Role
    created_at: str
    expires_at: str | None
    last_used_at: str | None


class MintedTokenOutput(Struct, frozen=True, kw_only=True, rename="camel"):
    """A new token; `token` is its plain text."""

    id: str
    org_id: str
    name: str
    role: Role
    token: str
    created_at: str
    expires_at: str | None


class ImportedRecord(Struct, frozen=True):
    """A DNS record that the customer has to create."""

    type: str
    name: str
    value: str | None


class ImportedDomain(Struct, frozen=True, kw_only=True, rename="camel"):
    """The domain that a line of an import added, or that existed already."""

    id: str
    required_records: list[ImportedRecord]


class LineError(Struct, frozen=True):
    """Why a line of an import was refused."""

    code: str
    message: str


class ImportedLine(Struct, frozen=True, kw_only=True, rename="camel"):
    """The result of one line; `line` is its number in the file, if a file was read."""

    line: int
    domain_name: str | None
    outcome: AddStatus
    domain: ImportedDomain | None = None
    error: LineError | None = None


class Operations(Protocol):
    """What an operator can do. Each method raises DcvdError; `org_id` is the id of an organization that exists."""

    async def create_organization(self, name: str) -> OrganizationOutput: ...

    async def list_organizations(self) -> list[OrganizationOutput]: ...

    async def create_token(
        self, org_id: str, *, name: str, role: Role, expires_at: int | None
    ) -> MintedTokenOutput: ...

    async def list_tokens(self, org_id: str) -> list[TokenOutput]: ...

    async def revoke_token(self, org_id: str, token_id: str) -> None: ...

    async def list_renewals(self) -> RenewalsView: ...

    def import_domains(
        self, org_id: str, requests: Sequence[DomainRequest], *, dry_run: bool, key: str | None
    ) -> AsyncIterator[ImportedLine]:
        """Import up to MOST_LINES domains, and yield their results in the same order, numbered from 1."""
        ...


async def find_organization(operations: Operations, id_or_name: str) -> OrganizationOutput:
    """Find an organization by its id, else by its exact name. Raises NotFound."""
    organizations = await operations.list_organizations()
    for match in (
        *(organization for organization in organizations if organization.id == id_or_name),
        *(organization for organization in organizations if organization.name == id_or_name),
    ):
        return match
    raise NotFound(f"There is no organization {id_or_name!r}; `dcvd org list` shows those that exist.")
