"""`/operator/all/jobs`: the background jobs of all organizations."""

from typing import Annotated, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from dcvd.api.jobs.routes import StatusFilter
from dcvd.api.operators.all.references import OrganizationFilter, add_organizations, get_reference
from dcvd.api.operators.all.views import OrganizationJobAnswer, OrganizationJobList, organization_job_view
from dcvd.core.jobs import JobState
from dcvd.http.parameters import Cursor, Limit, parse_choice, parse_page_limit, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.services.jobs import queue
from dcvd.services.organizations.owners import find_wanted_id

KindFilter = Annotated[str | None, query_parameter("kind", "Only of this kind, such as `register`.")]


@get("/jobs", summary="List the jobs of all organizations")
async def list_jobs(
    request: ApiRequest,
    organization: OrganizationFilter = None,
    status: StatusFilter = None,
    kind: KindFilter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> OrganizationJobList:
    """List jobs, newest first. A page may have fewer than `limit` and still a `nextCursor`."""
    page = await queue.list_page(
        request.context,
        await find_wanted_id(request.context, organization),
        state=parse_choice("status", status, JobState),
        kind=kind,
        cursor=cursor,
        limit=parse_page_limit(limit),
    )
    views = await add_organizations(request, page.items, lambda job: job.org_id, organization_job_view)
    return OrganizationJobList(jobs=views, next_cursor=page.next_cursor)


@get("/jobs/{job_id:str}", summary="Show a job of any organization")
async def show_job(request: ApiRequest, job_id: FromPath[str]) -> OrganizationJobAnswer:
    """Show a job, with its last error if there was one."""
    job = await queue.get(request.context, None, job_id)
    return OrganizationJobAnswer(organization_job_view(job, await get_reference(request, job.org_id)))


HANDLERS: Final[list[HTTPRouteHandler]] = [list_jobs, show_job]
