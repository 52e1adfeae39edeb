"""The operations on the audit, by calls of the API."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from dcvd.api.http.answers.instants import Instant
from dcvd.cli.extents import EVERYTHING, Extent, Listed
from dcvd.cli.operations.api_client import ApiClient
from dcvd.core.audit import AuditAction


class AuditEntryOutput(Struct, frozen=True, kw_only=True, rename="camel"):
    """One change, as the API shows it."""

    id: str
    sequence: int
    at: Instant
    actor: str
    action: AuditAction
    object_id: str | None
    address: str | None
    request_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str


class _AuditPage(Struct, frozen=True, kw_only=True, rename="camel"):
    audit: list[AuditEntryOutput]
    next_cursor: str | None


class AuditOperations(ApiClient):
    """Reads the audit by calls of the API."""

    async def list_audit(
        self, organization: str | None, query: Mapping[str, str], extent: Extent = EVERYTHING
    ) -> Listed[AuditEntryOutput]:
        """List the audit of an organization, by its id or name, or what concerns none."""
        owner = "" if organization is None else f"/organizations/{quote(organization, safe='')}"
        return await self.list_extent(
            f"/operator{owner}/audit", _AuditPage, lambda page: page.audit, extent, query=query
        )
