"""`/api/domains/bulk`: adding or removing many domains by one call."""

from functools import partial
from typing import Annotated, Any, Final

from litestar import Response, post
from msgspec import UNSET, Raw, Struct, UnsetType, json

from dcvd.api.domains.bulk_calls import BulkAction, stream_results
from dcvd.api.domains.bulk_documentation import BulkAdditionOperation, BulkRemovalOperation
from dcvd.api.domains.bulk_lines import parse_add_line, parse_remove_line
from dcvd.api.domains.bulk_view import AddedLines, RemovedLines, added_line, added_lines, removed_line, removed_lines
from dcvd.api.domains.input import DomainToRemove
from dcvd.core.domains.bulk import MAX_LINES, MAX_LINES_AT_ONCE
from dcvd.errors import InvalidInput
from dcvd.http.bodies.body import decode, is_ndjson
from dcvd.http.bodies.ndjson import RawLine
from dcvd.http.documentation import problems, success
from dcvd.http.idempotency import IdempotencyKey
from dcvd.http.parameters import RemoveRecords, parse_flag, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.context import Context
from dcvd.services.domains import bulk
from dcvd.services.domains.bulk import BulkRequest
from dcvd.services.domains.bulk_additions import BulkAdditions
from dcvd.services.domains.bulk_removals import BulkRemovals

DryRun = Annotated[
    str | None,
    query_parameter(
        "dryRun",
        "`true`: only say what would be done. For bodies of lines, which have no member for it.",
        type="boolean",
    ),
]


class _DomainsToAdd(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A call that adds; each domain is decoded apart, so that a wrong one spoils none of the others."""

    domains: list[Raw]
    dry_run: bool = False


class _DomainsToRemove(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    domain_ids: list[str] | UnsetType = UNSET
    domain_names: list[str] | UnsetType = UNSET
    dry_run: bool = False
    remove_records: bool = False


@post(
    "/bulk",
    summary="Add many domains",
    status_code=200,
    operation_class=BulkAdditionOperation,
    responses={**success(200, AddedLines, "What came of each line."), **problems(409)},
)
async def create_domains(
    request: ApiRequest,
    dry_run: DryRun = None,
    key: IdempotencyKey = None,
) -> Response[Any]:
    """Add many domains; each line has an outcome of its own, and none spoils another.

    They are registered at Cloudflare in their turn, as `registration` says.
    """
    return await add_from_request(request, request.org_id, request.actor, dry_run, key)


@post(
    "/bulk/delete",
    summary="Remove many domains",
    status_code=200,
    operation_class=BulkRemovalOperation,
    responses={**success(200, RemovedLines, "What came of each line."), **problems(409)},
)
async def delete_domains(
    request: ApiRequest, dry_run: DryRun = None, remove_records: RemoveRecords = None, key: IdempotencyKey = None
) -> Response[Any]:
    """Remove many domains; each line has an outcome of its own, and none spoils another.

    They are gone here at once. Jobs remove them at Cloudflare and, with `removeRecords`, remove from DNS the records
    that were written through a connection.
    """
    is_dry_run, with_records = parse_flag("dryRun", dry_run), parse_flag("removeRecords", remove_records)
    if is_ndjson(request.scope["headers"]):
        call = BulkRequest(
            org_id=request.org_id,
            actor=request.actor,
            idempotency_key=key,
            dry_run=is_dry_run,
            remove_records=with_records,
        )
        return stream_results(request, call, make_removal(request.context, call))
    selection = decode(await _read_whole_body(request), _DomainsToRemove)
    call = BulkRequest(
        org_id=request.org_id,
        actor=request.actor,
        idempotency_key=key,
        dry_run=is_dry_run or selection.dry_run,
        remove_records=with_records or selection.remove_records,
    )
    removal = make_removal(request.context, call)
    lines = [removal.parse(line) for line in _number_lines(*_read_selection(selection))]
    results = await bulk.run_whole(request.context, call, lines, removal.apply)
    return Response(removed_lines(results))


async def add_from_request(
    request: ApiRequest, org_id: str, actor: str, dry_run: str | None, key: str | None
) -> Response[Any]:
    """Add the domains in the request's body to an organization, and answer what came of them."""
    is_dry_run = parse_flag("dryRun", dry_run)
    if is_ndjson(request.scope["headers"]):
        call = BulkRequest(org_id=org_id, actor=actor, idempotency_key=key, dry_run=is_dry_run)
        return stream_results(request, call, make_addition(request.context, call))
    body = decode(await _read_whole_body(request), _DomainsToAdd)
    call = BulkRequest(org_id=org_id, actor=actor, idempotency_key=key, dry_run=is_dry_run or body.dry_run)
    addition = make_addition(request.context, call)
    lines = [addition.parse(line) for line in _number_lines("domains", [bytes(item) for item in body.domains])]
    results = await bulk.run_whole(request.context, call, lines, addition.apply)
    return Response(added_lines(results))


def make_addition(context: Context, call: BulkRequest) -> BulkAction:
    """Build the action that adds domains."""
    parse = partial(parse_add_line, context, is_remembered=call.idempotency_key is not None)
    return BulkAction(parse, BulkAdditions(context, call).add_lines, added_line)


def make_removal(context: Context, call: BulkRequest) -> BulkAction:
    """Build the action that removes domains."""
    return BulkAction(partial(parse_remove_line, context), BulkRemovals(context, call).remove_lines, removed_line)


async def _read_whole_body(request: ApiRequest) -> bytes:
    limit = request.context.config.server.request_body_limit
    return await request.read_body(limit, may_be_empty=False)


def _read_selection(selection: _DomainsToRemove) -> tuple[str, list[bytes]]:
    match selection:
        case _DomainsToRemove(domain_ids=list(ids), domain_names=UnsetType()):
            return "domainIds", [json.encode(DomainToRemove(domain_id=each)) for each in ids]
        case _DomainsToRemove(domain_ids=UnsetType(), domain_names=list(names)):
            return "domainNames", [json.encode(DomainToRemove(domain_name=each)) for each in names]
        case _:
            raise InvalidInput("domainIds", "Give domainIds or domainNames, one of the two.")


def _number_lines(field: str, contents: list[bytes]) -> list[RawLine]:
    if len(contents) > MAX_LINES_AT_ONCE:
        message = (
            f"{field} has {len(contents)} entries; {MAX_LINES_AT_ONCE} can be given. Send more as "
            "application/x-ndjson, one"
            f" to a line, up to {MAX_LINES}."
        )
        raise InvalidInput(field, message)
    return [RawLine(number, content) for number, content in enumerate(contents, 1)]


ROUTER: Final = Router(
    "/domains",
    route_handlers=[create_domains, delete_domains],
    opt={"subject": "domains", "limited": True},
    tags=["Domains"],
)
