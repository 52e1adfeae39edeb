"""`/api/domains`: an organization's domains, one by one."""

from collections.abc import Awaitable
from functools import partial
from typing import Final

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec.structs import replace

from dcvd.api.domains.filters import DOMAIN_QUERY, ActorFilter, InjectedDomainQuery, parse_actor
from dcvd.api.domains.input import DomainChange, NewDomain, to_domain_request
from dcvd.api.domains.record_view import left_record_views
from dcvd.api.domains.view import (
    DomainAnswer,
    DomainList,
    RemovedAnswer,
    domain_view,
    write_answer,
    write_json,
    write_list,
)
from dcvd.http.answers.json_bytes import JsonBytes
from dcvd.http.documentation import problems, success
from dcvd.http.etag import ETAG_HEADER, IF_MATCH, InjectedPrecondition
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.parameters import (
    Cursor,
    Limit,
    RemoveHostname,
    RemoveRecords,
    parse_flag,
    parse_page_limit,
)
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.context import Context
from dcvd.services.domains import changes, details, removals
from dcvd.services.domains.details import DomainDetail


@post("", opt={"link": True}, summary="Add a domain", status_code=201, responses=problems(409))
async def create_domain(
    request: ApiRequest, data: JSONBody[NewDomain], key: IdempotencyKey = None
) -> Response[DomainAnswer]:
    """Add a domain; the customer must create its `requiredRecords`. It is registered at Cloudflare after the answer."""

    def add(context: Context) -> Awaitable[DomainDetail]:
        services, wanted = request.services, to_domain_request(data)
        return details.add(
            context, services.queue_positions, services.shared_additions, request.org_id, wanted, actor=request.actor
        )

    def respond(detail: DomainDetail) -> Response[DomainAnswer]:
        return JsonBytes(write_answer(write_json(detail)), _location(request, detail) | _entity_tag(detail))

    return await answer_once(request, key, add, respond)


@get("", summary="List the domains", dependencies=DOMAIN_QUERY)
async def list_domains(
    request: ApiRequest,
    domain_query: InjectedDomainQuery,
    actor: ActorFilter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response[DomainList]:
    """List the organization's domains, newest first; with `search`, sorted by name.

    With `finding` or `actor` a page may have fewer domains than `limit`, and still a next one.
    """
    query = replace(domain_query, actor=parse_actor(actor))
    found = await request.services.kept_domains.list_page(
        request.context, request.org_id, query, write_json, cursor=cursor, limit=parse_page_limit(limit)
    )
    return JsonBytes(write_list(found.page), is_current=found.is_current)


@get("/{domain_id:str}", opt={"link": True}, summary="Show a domain")
async def get_domain(request: ApiRequest, domain_id: FromPath[str]) -> Response[DomainAnswer]:
    """Show a domain as of its last check.

    `ETag` is that of what you can change; what checks find may differ under the same tag.
    """
    kept_domains = request.services.kept_domains
    domain = await kept_domains.get(request.context, request.org_id, domain_id, write_json)
    return JsonBytes(
        write_answer(domain.json),
        {ETAG_HEADER: domain.entity_tag},
        is_current=partial(kept_domains.is_current, domain_id, domain),
    )


@patch("/{domain_id:str}", summary="Change a domain", dependencies=IF_MATCH, responses=problems(412))
async def update_domain(
    request: ApiRequest, domain_id: FromPath[str], data: JSONBody[DomainChange], precondition: InjectedPrecondition
) -> Response[DomainAnswer]:
    """Change what you have attached to a domain. The next events carry it; no event tells of the change."""
    detail = await changes.change(request.context, request.org_id, domain_id, data.change, precondition=precondition)
    return Response(DomainAnswer(domain_view(detail)), headers=_entity_tag(detail))


@post(
    "/{domain_id:str}/sync",
    summary="Check a domain now",
    status_code=200,
    opt={"link": True},
    responses=success(202, DomainAnswer, "The check takes longer; this is what is stored."),
)
async def sync_domain(request: ApiRequest, domain_id: FromPath[str]) -> Response[DomainAnswer]:
    """Ask DNS and Cloudflare, and answer with the fresh domain.

    If that takes longer than 5 s, or Cloudflare does not answer, the answer is 202 with what is stored, and has what
    DNS said. After 60 calls a minute, or while 8 of yours run, it is 202 with what is stored, without a check.
    """
    services = request.services
    result = await details.sync(
        request.context, services.checks, services.sync_limit, request.org_id, domain_id, actor=request.actor
    )
    answer = DomainAnswer(domain_view(result.detail))
    if result.is_fresh:
        return Response(answer, status_code=200)
    return Response(answer, status_code=202, headers=_location(request, result.detail))


@delete("/{domain_id:str}", summary="Remove a domain", status_code=200)
async def delete_domain(
    request: ApiRequest,
    domain_id: FromPath[str],
    remove_records: RemoveRecords = None,
    remove_hostname: RemoveHostname = None,
) -> RemovedAnswer:
    """Remove a domain. It is gone here at once; a job removes it at Cloudflare, unless it is only read there.

    `recordsToRemove` are the records that the customer should remove. With `removeRecords=true` another job removes
    from DNS what was written through a connection, and only records that are still as they were written.
    """
    with_hostname = parse_flag("removeHostname", remove_hostname)
    domain, leftover_records = await removals.remove(
        request.context,
        request.org_id,
        domain_id,
        remove_records=parse_flag("removeRecords", remove_records),
        remove_hostname=with_hostname,
        actor=request.actor,
    )
    return RemovedAnswer(
        domain=domain_view(details.describe(request.context, domain)),
        records_to_remove=left_record_views(leftover_records),
        hostname_left=domain.leaves_hostname and not with_hostname,
    )


def _location(request: ApiRequest, detail: DomainDetail) -> dict[str, str]:
    return {"Location": f"{request.root}/domains/{detail.domain.id}"}


def _entity_tag(detail: DomainDetail) -> dict[str, str]:
    return {ETAG_HEADER: detail.domain.entity_tag}


ROUTER: Final = Router(
    "/domains",
    route_handlers=[create_domain, list_domains, get_domain, update_domain, sync_domain, delete_domain],
    opt={"subject": "domains", "limited": True},
    tags=["Domains"],
)
