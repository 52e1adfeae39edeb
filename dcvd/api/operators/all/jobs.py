"""`/operator/all/jobs`: the background jobs of all organizations."""

from typing import Annotated, Final

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.jobs.routes import StatusFilter
from dcvd.api.operators.all.references import OrganizationFilter, add_organizations, get_reference
from dcvd.api.operators.all.views import (
    DeadJobsList,
    DeadJobsView,
    OrganizationJobAnswer,
    OrganizationJobList,
    RequeuedJobs,
    dead_jobs_view,
    organization_job_view,
)
from dcvd.core.jobs import Cause, JobState
from dcvd.http.parameters import Cursor, Limit, parse_choice, parse_page_limit, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.services.jobs import dead_jobs, queue
from dcvd.services.jobs.dead_jobs import COUNTED_UP_TO
from dcvd.services.organizations.owners import find_wanted_id

KindFilter = Annotated[str | None, query_parameter("kind", "Only of this kind, such as `register`.")]
CodeFilter = Annotated[str | None, query_parameter("code", "Only those whose last error has this code.")]


class CauseToRequeue(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the jobs are dead of: their kind, and the code of their last error."""

    kind: str
    code: str


@get("/jobs", summary="List the jobs of all organizations")
async def list_jobs(
    request: ApiRequest,
    organization: OrganizationFilter = None,
    status: StatusFilter = None,
    kind: KindFilter = None,
    code: CodeFilter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> OrganizationJobList:
    """List jobs, newest first. A page may have fewer than `limit` and still a `nextCursor`."""
    page = await queue.list_page(
        request.context,
        await find_wanted_id(request.context, organization),
        state=parse_choice("status", status, JobState),
        kind=kind,
        error_code=code,
        cursor=cursor,
        limit=parse_page_limit(limit),
    )
    views = await add_organizations(request, page.items, lambda job: job.org_id, organization_job_view)
    return OrganizationJobList(jobs=views, next_cursor=page.next_cursor)


@get("/jobs/causes", summary="List what dead jobs are dead of")
async def list_causes(request: ApiRequest) -> DeadJobsList:
    """List the dead jobs of all organizations by what ended them, the cause with most of them first."""
    found = await dead_jobs.list_by_cause(request.context)
    views: list[DeadJobsView] = await add_organizations(request, found, lambda each: each.latest.org_id, dead_jobs_view)
    return DeadJobsList(causes=views, counted_up_to=COUNTED_UP_TO)


@post("/jobs/requeue", summary="Try the dead jobs of one cause again", status_code=200)
async def requeue_jobs(request: ApiRequest, data: JSONBody[CauseToRequeue]) -> RequeuedJobs:
    """Make the dead jobs of one cause due, up to 5,000 of them, the oldest first; each gets all its attempts again."""
    return RequeuedJobs(await dead_jobs.requeue(request.context, Cause(data.kind, data.code)))


@get("/jobs/{job_id:str}", summary="Show a job of any organization")
async def show_job(request: ApiRequest, job_id: FromPath[str]) -> OrganizationJobAnswer:
    """Show a job, with its last error if there was one."""
    job = await queue.get(request.context, None, job_id)
    return OrganizationJobAnswer(organization_job_view(job, await get_reference(request, job.org_id)))


HANDLERS: Final[list[HTTPRouteHandler]] = [list_jobs, list_causes, requeue_jobs, show_job]
