"""`/api/domains`."""

import asyncio
from typing import Annotated, Final

import structlog
from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from dcvd.api.domains.input import NewDomain
from dcvd.api.domains.view import DomainAnswer, DomainList, RemovedAnswer, answer, listed, removed
from dcvd.api.http.documentation import ok, problems
from dcvd.api.http.parameters import TEXT, Cursor, Limit, RemoveRecords, flag, one_of, page_limit
from dcvd.api.http.request import ApiRequest
from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.errors import RemoteError, Throttled
from dcvd.services import timeline
from dcvd.services.domains import additions, queries, removals
from dcvd.services.lifecycle import checks, registration_queue

log = structlog.get_logger(__name__)

SYNC_PATIENCE: Final = 5.0
"""Seconds that a caller waits for a fresh look, which may have to wait for Cloudflare."""

StatusFilter = Annotated[
    str | None,
    QueryParameter(name="status", description="Only these.", schema_extra={**TEXT, "enum": list(DomainStatus)}),
]
Search = Annotated[
    str | None,
    QueryParameter(
        name="search",
        description="Only names that begin so, whole or from their registrable part on.",
        schema_extra=TEXT,
    ),
]


@post("", summary="Add a domain", status_code=201, responses=problems(400, 403, 409, 413, 415))
async def add_domain(request: ApiRequest, data: JSONBody[NewDomain]) -> Response[DomainAnswer]:
    """Answered at once and registered at Cloudflare right after; `requiredRecords` is what the customer must create."""
    domain = await additions.add(
        request.context,
        request.org_id,
        data.domain_name,
        validation=data.validation,
        wildcard=data.wildcard,
        connection_id=data.connection_id,
        actor=request.actor,
    )
    return Response(await _answer(request, domain), headers={"Location": _address(domain)})


@get("", summary="List the domains", responses=problems(400))
async def list_domains(
    request: ApiRequest, status: StatusFilter = None, search: Search = None, limit: Limit = None, cursor: Cursor = None
) -> DomainList:
    """Newest first; with `search` by name."""
    found = await queries.list_page(
        request.context,
        request.org_id,
        status=one_of("status", status, DomainStatus),
        search=search,
        cursor=cursor,
        limit=page_limit(limit),
    )
    return listed(found, await registration_queue.places_of(request.context, found.items))


@get("/{domain_id:str}", summary="Show a domain", responses=problems(404))
async def get_domain(request: ApiRequest, domain_id: FromPath[str]) -> DomainAnswer:
    """As it was last seen."""
    return await _answer(request, await queries.get(request.context, request.org_id, domain_id))


@post(
    "/{domain_id:str}/sync",
    summary="Look at a domain now",
    status_code=200,
    responses={**ok(202, DomainAnswer, "The look takes longer; this is what is stored."), **problems(403, 404)},
)
async def sync_domain(request: ApiRequest, domain_id: FromPath[str]) -> Response[DomainAnswer]:
    """Asks DNS and Cloudflare and answers with the fresh domain.

    After 5 s, or when Cloudflare cannot say now, with 202 and what is stored: what DNS said is in it. Past
    60 a minute, or while 8 of yours are under way, with 202 and what is stored, without a look.
    """
    context = request.context
    domain = await queries.get(context, request.org_id, domain_id)
    try:
        with request.parts.syncs.admitted(request.org_id):
            await timeline.ask(context, domain, actor=request.actor, what="sync")
            async with asyncio.timeout(SYNC_PATIENCE):
                fresh = await request.parts.looker.look(domain, actor=request.actor)
    except (TimeoutError, RemoteError, Throttled) as error:
        if isinstance(error, TimeoutError):
            # Accepted means that it will be done: the timer takes the domain up next.
            await checks.hurry(context, domain.id)
        log.info("api.sync_unfinished", domain_id=domain_id, error=str(error) or type(error).__name__)
        stored = await queries.get(context, request.org_id, domain_id)
        return Response(await _answer(request, stored), status_code=202, headers={"Location": _address(stored)})
    if fresh is None:
        fresh = await queries.get(context, request.org_id, domain_id)
    return Response(await _answer(request, fresh), status_code=200)


@delete("/{domain_id:str}", summary="Remove a domain", status_code=200, responses=problems(400, 403, 404))
async def remove_domain(
    request: ApiRequest, domain_id: FromPath[str], remove_records: RemoveRecords = None
) -> RemovedAnswer:
    """Gone here at once; a job takes it away at Cloudflare. `recordsToRemove` is what the customer should remove.

    With `removeRecords=true` another job takes out of DNS what was written through a connection, and only that, as far
    as it still is as it was written.
    """
    domain, left = await removals.remove(
        request.context,
        request.org_id,
        domain_id,
        remove_records=flag("removeRecords", remove_records),
        actor=request.actor,
    )
    return removed(domain, left)


async def _answer(request: ApiRequest, domain: Domain) -> DomainAnswer:
    return answer(domain, await registration_queue.place_of(request.context, domain))


def _address(domain: Domain) -> str:
    return f"/api/domains/{domain.id}"


ROUTER: Final = Router(
    "/domains", route_handlers=[add_domain, list_domains, get_domain, sync_domain, remove_domain], tags=["Domains"]
)
