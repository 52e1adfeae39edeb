"""`/api/domains.csv`: every domain of an organization, for a spreadsheet (RFC 4180)."""

import csv
import io
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

from litestar import Response, Router, get
from litestar.openapi import ResponseSpec

from dcvd.api.domains.routes import Search, StatusFilter
from dcvd.api.http.documentation import problems
from dcvd.api.http.parameters import one_of, shown
from dcvd.api.http.presence import pieces_while_present
from dcvd.api.http.request import ApiRequest
from dcvd.api.http.stream import Streamed
from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.services.context import Context
from dcvd.services.domains import queries

COLUMNS: Final = (
    "id", "domainName", "status", "ready", "errorCode", "errorMessage", "dnsState", "validation", "wildcard",
    "cnameTarget", "cfStatus", "cfSslStatus", "issuer", "expiresAt", "createdAt", "updatedAt",
)  # fmt: skip
_ROWS_A_READ: Final = 250
_MADE_AHEAD: Final = 256 << 10  # bytes
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would calculate, or open, instead of showing it."""


@get(
    "/domains.csv",
    summary="Download the domains as CSV",
    media_type="text/csv",
    responses={
        200: ResponseSpec(
            data_container=str, media_type="text/csv", description="A header and a line each.", generate_examples=False
        ),
        **problems(400),
    },
)
async def export_domains(request: ApiRequest, status: StatusFilter = None, search: Search = None) -> Response[Any]:
    """All of them, newest first; with `search` by name. Text that a spreadsheet would take for a formula has an
    apostrophe before it.
    """
    wanted = one_of("status", status, DomainStatus)
    return Streamed(
        pieces_while_present(request.receive, _pieces(request.context, request.org_id, wanted, search)),
        media_type="text/csv; header=present",
        headers={"Content-Disposition": 'attachment; filename="domains.csv"'},
        most_kept=_MADE_AHEAD,
    )


async def _pieces(
    context: Context, org_id: str, status: DomainStatus | None, search: str | None
) -> AsyncGenerator[bytes, None]:
    """A page at a time: a domain that stays is in it once, whatever comes and goes meanwhile."""
    cursor: str | None = None
    yield _encoded([COLUMNS])
    while True:
        page = await queries.list_page(context, org_id, status=status, search=search, cursor=cursor, limit=_ROWS_A_READ)
        if page.items:
            yield _encoded([_row(domain) for domain in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return


def _encoded(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _row(domain: Domain) -> list[str]:
    error, certificate = domain.error, domain.certificate
    cells = (
        domain.id,
        domain.name,
        domain.status.value,
        _flag(domain.ready),
        error and error.code,
        error and error.message,
        domain.dns_state.value,
        domain.validation,
        _flag(domain.wildcard),
        domain.cname_target,
        domain.cf_status,
        domain.cf_ssl_status,
        certificate and certificate.issuer,
        shown(domain.expires_at),
        shown(domain.created_at),
        shown(domain.updated_at),
    )
    return [harmless(cell or "") for cell in cells]


def harmless(text: str) -> str:
    """A cell that a spreadsheet shows as it is."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _flag(value: bool) -> str:
    return "true" if value else "false"


ROUTER: Final = Router("/", route_handlers=[export_domains], tags=["Domains"])
