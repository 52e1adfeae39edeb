"""`/api/domains.csv`: every domain of an organization, for a spreadsheet (RFC 4180)."""

from typing import Any, Final

from litestar import Response, get
from litestar.openapi import ResponseSpec
from msgspec.structs import replace

from dcvd.api.domains.filters import DOMAIN_QUERY, ActorFilter, InjectedDomainQuery, parse_actor
from dcvd.http.bodies.csv_download import answer_csv
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.domains import csv_export


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
    pieces = csv_export.encode_all(request.context, request.org_id, query)
    return answer_csv(request.receive, pieces, "domains.csv", request.admit_download())


ROUTER: Final = Router(
    "/", route_handlers=[export_domains], opt={"subject": "domains", "limited": True}, tags=["Domains"]
)
