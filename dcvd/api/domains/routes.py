"""`/api/domains`: an organization's domains, one by one."""

import asyncio
from typing import Annotated, Final

import structlog
from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from dcvd.api.domains.input import NewDomain
from dcvd.api.domains.view import DomainAnswer, DomainList, RemovedAnswer, domain_answer, domain_list, removal_answer
from dcvd.api.http.documentation import problems, success
from dcvd.api.http.parameters import TEXT, Cursor, Limit, RemoveRecords, parse_choice, parse_flag, parse_page_limit
from dcvd.api.http.request import ApiRequest
from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.errors import RemoteError, TooManyRequests
from dcvd.services import timeline
from dcvd.services.domains import additions, queries, removals
from dcvd.services.lifecycle import checks, registration_queue

log = structlog.get_logger(__name__)

SYNC_TIMEOUT_S: Final = 5.0
"""Seconds that a caller waits for a fresh check, which may have to wait for Cloudflare."""

StatusFilter = Annotated[
    str | None,
    QueryParameter(
        name="status", description="Only with this status.", schema_extra={**TEXT, "enum": list(DomainStatus)}
    ),
]
Search = Annotated[
    str | None,
    QueryParameter(
        name="search",
        description="Only names that begin with this, or whose registrable part does.",
        schema_extra=TEXT,
    ),
]


@post("", summary="Add a domain", status_code=201, responses=problems(400, 403, 409, 413, 415))
async def add_domain(request: ApiRequest, data: JSONBody[NewDomain]) -> Response[DomainAnswer]:
    """Add a domain; the customer must create its `requiredRecords`. It is registered at Cloudflare after the answer."""
    domain = await additions.add(
        request.context,
        request.org_id,
        data.domain_name,
        validation=data.validation,
        wildcard=data.wildcard,
        connection_id=data.connection_id,
        actor=request.actor,
    )
    return Response(await _build_answer(request, domain), headers={"Location": _location(domain)})


@get("", summary="List the domains", responses=problems(400))
async def list_domains(
    request: ApiRequest, status: StatusFilter = None, search: Search = None, limit: Limit = None, cursor: Cursor = None
) -> DomainList:
    """List the organization's domains, newest first; with `search`, sorted by name."""
    page = await queries.list_page(
        request.context,
        request.org_id,
        status=parse_choice("status", status, DomainStatus),
        search=search,
        cursor=cursor,
        limit=parse_page_limit(limit),
    )
    return domain_list(page, await registration_queue.find_positions(request.context, page.items))


@get("/{domain_id:str}", summary="Show a domain", responses=problems(404))
async def get_domain(request: ApiRequest, domain_id: FromPath[str]) -> DomainAnswer:
    """Show a domain as of its last check."""
    return await _build_answer(request, await queries.get(request.context, request.org_id, domain_id))


@post(
    "/{domain_id:str}/sync",
    summary="Check a domain now",
    status_code=200,
    responses={**success(202, DomainAnswer, "The check takes longer; this is what is stored."), **problems(403, 404)},
)
async def sync_domain(request: ApiRequest, domain_id: FromPath[str]) -> Response[DomainAnswer]:
    """Ask DNS and Cloudflare, and answer with the fresh domain.

    If that takes longer than 5 s, or Cloudflare does not answer, the answer is 202 with what is stored, and has what
    DNS said. After 60 calls a minute, or while 8 of yours run, it is 202 with what is stored, without a check.
    """
    context = request.context
    domain = await queries.get(context, request.org_id, domain_id)
    try:
        with request.services.sync_limit.admit(request.org_id):
            await timeline.store_request(context, domain, actor=request.actor, what="sync")
            async with asyncio.timeout(SYNC_TIMEOUT_S):
                fresh_domain = await request.services.checker.check(domain, actor=request.actor)
    except (TimeoutError, RemoteError, TooManyRequests) as error:
        if isinstance(error, TimeoutError):
            # 202 promises that the check will be made: this makes the domain due now.
            await checks.check_now(context, domain.id)
        log.info("api.sync_unfinished", domain_id=domain_id, error=str(error) or type(error).__name__)
        stored = await queries.get(context, request.org_id, domain_id)
        return Response(await _build_answer(request, stored), status_code=202, headers={"Location": _location(stored)})
    if fresh_domain is None:
        fresh_domain = await queries.get(context, request.org_id, domain_id)
    return Response(await _build_answer(request, fresh_domain), status_code=200)


@delete("/{domain_id:str}", summary="Remove a domain", status_code=200, responses=problems(400, 403, 404))
async def remove_domain(
    request: ApiRequest, domain_id: FromPath[str], remove_records: RemoveRecords = None
) -> RemovedAnswer:
    """Remove a domain. It is gone here at once; a job removes it at Cloudflare.

    `recordsToRemove` are the records that the customer should remove. With `removeRecords=true` another job removes
    from DNS what was written through a connection, and only records that are still as they were written.
    """
    domain, leftover_records = await removals.remove(
        request.context,
        request.org_id,
        domain_id,
        remove_records=parse_flag("removeRecords", remove_records),
        actor=request.actor,
    )
    return removal_answer(domain, leftover_records)


async def _build_answer(request: ApiRequest, domain: Domain) -> DomainAnswer:
    return domain_answer(domain, await registration_queue.find_position(request.context, domain))


def _location(domain: Domain) -> str:
    return f"/api/domains/{domain.id}"


ROUTER: Final = Router(
    "/domains", route_handlers=[add_domain, list_domains, get_domain, sync_domain, remove_domain], tags=["Domains"]
)
