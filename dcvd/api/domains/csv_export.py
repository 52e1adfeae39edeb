"""`/api/domains.csv`: every domain of an organization, for a spreadsheet (RFC 4180)."""

import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any, Final

from litestar import Response, Router, get
from litestar.openapi import ResponseSpec
from msgspec import json
from msgspec.structs import replace

from dcvd.api.domains.filters import DOMAIN_QUERY, ActorFilter, InjectedDomainQuery, parse_actor
from dcvd.core.domains.cells import escape_formula
from dcvd.core.domains.domain import Domain
from dcvd.core.instants import format_instant
from dcvd.http.bodies.presence import stream_while_connected
from dcvd.http.bodies.stream import StreamingResponse
from dcvd.http.request import ApiRequest
from dcvd.services.context import Context
from dcvd.services.domains import details, queries
from dcvd.services.domains.details import DomainDetail

COLUMNS: Final = (
    "id", "domainName", "status", "ready", "readySince", "errorCode", "errorMessage", "dnsStatus", "validation",
    "wildcard", "cnameTarget", "proof", "dormantSince", "cfStatus", "cfSslStatus", "issuer", "expiresAt", "findings",
    "createdAt", "updatedAt", "externalId", "labels",
)  # fmt: skip
_MAX_BUFFER_BYTES: Final = 64 << 10  # bytes


@get(
    "/domains.csv",
    summary="Download the domains as CSV",
    media_type="text/csv",
    dependencies=DOMAIN_QUERY,
    responses={
        200: ResponseSpec(
            data_container=str, media_type="text/csv", description="A header and a line each.", generate_examples=False
        ),
    },
)
async def export_domains(
    request: ApiRequest,
    domain_query: InjectedDomainQuery,
    actor: ActorFilter = None,
) -> Response[Any]:
    """Download all domains, newest first; with `search`, sorted by name. `findings` are their codes, `labels` are JSON.

    Text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    query = replace(domain_query, actor=parse_actor(actor))
    pages = queries.iterate_pages(request.context, request.org_id, query)
    return StreamingResponse(
        stream_while_connected(request.receive, _encode_pages(pages, request.context)),
        media_type="text/csv; header=present",
        headers={"Content-Disposition": 'attachment; filename="domains.csv"'},
        max_buffer_bytes=_MAX_BUFFER_BYTES,
    )


async def _encode_pages(pages: AsyncIterator[list[Domain]], context: Context) -> AsyncGenerator[bytes, None]:
    yield _encode_rows([COLUMNS])
    async for domains in pages:
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


ROUTER: Final = Router(
    "/", route_handlers=[export_domains], opt={"subject": "domains", "limited": True}, tags=["Domains"]
)
