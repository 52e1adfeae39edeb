"""Every domain of an organization as CSV, for a spreadsheet (RFC 4180)."""

import csv
import io
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from msgspec import json

from dcvd.core.domains.cells import escape_formula
from dcvd.core.instants import format_instant
from dcvd.services.context import Context
from dcvd.services.domains import details, queries
from dcvd.services.domains.details import DomainDetail
from dcvd.services.domains.queries import DomainQuery

COLUMNS: Final = (
    "id", "domainName", "status", "ready", "readySince", "errorCode", "errorMessage", "dnsStatus", "validation",
    "wildcard", "cnameTarget", "proof", "dormantSince", "cfStatus", "cfSslStatus", "issuer", "expiresAt", "findings",
    "createdAt", "updatedAt", "externalId", "labels",
)  # fmt: skip


async def encode_all(context: Context, org_id: str, query: DomainQuery) -> AsyncGenerator[bytes, None]:
    """Yield a header, and a line for each domain, in the order of the list. Raises what `queries.list_page` raises."""
    yield _encode_rows([COLUMNS])
    async for domains in queries.iterate_pages(context, org_id, query):
        yield _encode_rows([_to_row(details.describe(context, domain)) for domain in domains])


def _encode_rows(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _to_row(detail: DomainDetail) -> list[str]:
    domain = detail.domain
    error, certificate = domain.error, domain.certificate
    cells = (
        domain.id,
        domain.name,
        domain.status.value,
        _format_flag(domain.is_ready),
        format_instant(domain.ready_since),
        error and error.code,
        error and error.message,
        domain.dns_state.value,
        domain.validation,
        _format_flag(domain.wildcard),
        domain.cname_target,
        domain.proof,
        format_instant(domain.dormant_since),
        domain.cf_status,
        domain.cf_ssl_status,
        certificate and certificate.issuer,
        format_instant(domain.expires_at),
        "; ".join(finding.code for finding in detail.findings),
        format_instant(domain.created_at),
        format_instant(domain.updated_at),
        domain.external_id,
        json.encode(domain.labels).decode() if domain.labels else None,
    )
    return [escape_formula(cell or "") for cell in cells]


def _format_flag(value: bool) -> str:
    return "true" if value else "false"
