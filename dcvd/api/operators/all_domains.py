"""`/operator/all/domains`: the domains of all organizations."""

from typing import Annotated, Final

from litestar import get
from litestar.params import FromPath
from msgspec.structs import replace

from dcvd.api.domains.filters import DOMAIN_QUERY, InjectedDomainQuery
from dcvd.api.operators.domain_view import OperatorDomainAnswer, OperatorDomainList, operator_domain_view
from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.dns.hostnames import normalise_search
from dcvd.http.parameters import Cursor, Limit, parse_choice, parse_flag, parse_page_limit, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.domains import overview
from dcvd.services.domains.overview import parse_reason
from dcvd.services.organizations.owners import find_wanted_id

OrganizationFilter = Annotated[
    str | None, query_parameter("organization", "Only those of this organization, by its id or its name.")
]
NameFilter = Annotated[str | None, query_parameter("name", "Only those of this name, which several may have.")]
StuckFilter = Annotated[
    str | None,
    query_parameter("stuck", "`true`: only those that wait for longer than they should.", type="boolean"),
]
AwaitedFilter = Annotated[
    str | None,
    query_parameter("actor", "Only those whose `reason` says that this actor has to act.", enum=list(Awaited)),
]
ReasonFilter = Annotated[
    str | None,
    query_parameter("reason", "Only those whose `reason` has this code: that of a finding or an error, or `waiting`."),
]


@get("", summary="List the domains of all organizations", dependencies=DOMAIN_QUERY)
async def list_all_domains(
    request: ApiRequest,
    domain_query: InjectedDomainQuery,
    organization: OrganizationFilter = None,
    name: NameFilter = None,
    stuck: StuckFilter = None,
    reason: ReasonFilter = None,
    actor: AwaitedFilter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> OperatorDomainList:
    """List domains as `GET /api/domains` does, of one organization or of all.

    A page may have fewer domains than `limit`, and still a next one.
    """
    query = replace(
        domain_query,
        name=None if name is None else normalise_search(name),
        is_stuck=parse_flag("stuck", stuck),
        reason=parse_reason(reason),
        awaited=parse_choice("actor", actor, Awaited),
    )
    page = await overview.list_page(
        request.context,
        query,
        org_id=await find_wanted_id(request.context, organization),
        cursor=cursor,
        limit=parse_page_limit(limit),
    )
    return OperatorDomainList(domains=[operator_domain_view(each) for each in page.items], next_cursor=page.next_cursor)


@get("/{domain_id:str}", summary="Show a domain of whichever organization")
async def get_any_domain(request: ApiRequest, domain_id: FromPath[str]) -> OperatorDomainAnswer:
    """Show a domain as of its last check, with whose it is."""
    return OperatorDomainAnswer(operator_domain_view(await overview.get(request.context, domain_id)))


ROUTER: Final = Router("/all/domains", route_handlers=[list_all_domains, get_any_domain])
