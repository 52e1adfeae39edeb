"""`/api/domains/{id}/dns`: writes a domain's records at its owner's DNS provider, and undoes that."""

from collections.abc import Awaitable
from functools import partial
from typing import Final

from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.jobs.view import job_view
from dcvd.api.records.view import PlanAnswer, WriteAnswer, plan_view
from dcvd.http.documentation import BodyMayBeEmpty, problems, success
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.context import Context
from dcvd.services.records.plans import PlannedJob, RecordRequest


class DnsWriteRequest(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How to write. `connectionId`: the connection that writes from now on; absent: the one that the domain has.

    `dryRun`: only answer with the plan. `replace`: remove what is in the way, and keep it for an undo.
    """

    connection_id: str | None = None
    dry_run: bool = False
    replace: bool = False


_DEFAULT_REQUEST: Final = DnsWriteRequest()


@post(
    "/dns",
    summary="Write the records of a domain",
    status_code=202,
    operation_class=BodyMayBeEmpty,
    opt={"link": True},
    responses={
        **success(202, WriteAnswer, "The plan, and the job that carries it out."),
        **success(200, PlanAnswer, "The plan alone: `dryRun` was asked for."),
        **problems(409, 501),
    },
)
async def write_records(
    request: ApiRequest,
    domain_id: FromPath[str],
    data: JSONBody[DnsWriteRequest] = _DEFAULT_REQUEST,
    key: IdempotencyKey = None,
) -> Response[PlanAnswer] | Response[WriteAnswer]:
    """Read the zone, and start a job that brings it to what `requiredRecords` lists.

    If something is in the way, nothing is done, and the problem says what it is. From then on the domain is
    connected: when its `requiredRecords` change, they are written again, and nothing in their way is touched.
    """
    if data.dry_run:
        record_request = _build_record_request(request, request.context, domain_id)
        plan = await record_request.plan_write(connection_id=data.connection_id, replace=data.replace)
        return Response(PlanAnswer(plan_view(plan)), status_code=200)

    def write(context: Context) -> Awaitable[PlannedJob]:
        record_request = _build_record_request(request, context, domain_id)
        return record_request.write(connection_id=data.connection_id, replace=data.replace, actor=request.actor)

    return await answer_once(request, key, write, partial(_accepted_response, request))


@post(
    "/dns/undo",
    summary="Undo what was written for a domain",
    status_code=202,
    responses=problems(409, 501),
)
async def undo_records(
    request: ApiRequest, domain_id: FromPath[str], key: IdempotencyKey = None
) -> Response[WriteAnswer]:
    """Start a job that puts back the records from before, if those there now are still as they were written.

    It also ends the domain's use of its connection, so that nothing is written again until somebody asks for it.
    """

    def undo(context: Context) -> Awaitable[PlannedJob]:
        return _build_record_request(request, context, domain_id).undo(actor=request.actor)

    return await answer_once(request, key, undo, partial(_accepted_response, request))


def _build_record_request(request: ApiRequest, context: Context, domain_id: str) -> RecordRequest:
    services = request.services
    return RecordRequest(context, services.access, services.dns_plan_limit, request.org_id, domain_id)


def _accepted_response(request: ApiRequest, planned_job: PlannedJob) -> Response[WriteAnswer]:
    headers = {"Location": f"{request.root}/jobs/{planned_job.job.id}"}
    answer = WriteAnswer(plan=plan_view(planned_job.plan), job=job_view(planned_job.job))
    return Response(answer, status_code=202, headers=headers)


ROUTER: Final = Router(
    "/domains/{domain_id:str}",
    route_handlers=[write_records, undo_records],
    opt={"subject": "domains", "limited": True},
    tags=["Domains"],
)
