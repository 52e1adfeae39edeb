"""`/api/jobs`: an organization's background jobs."""

from collections.abc import Awaitable
from typing import Annotated, Final

from litestar import Response, get, post
from litestar.params import FromPath

from dcvd.api.jobs.view import JobAnswer, JobList, job_view
from dcvd.core.jobs import Job, JobState
from dcvd.http.documentation import problems
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.parameters import Cursor, Limit, parse_choice, parse_page_limit, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.context import Context
from dcvd.services.jobs import queue as jobs

StatusFilter = Annotated[str | None, query_parameter("status", "Only with this status.", enum=list(JobState))]


@get("", summary="List the jobs")
async def list_jobs(
    request: ApiRequest, status: StatusFilter = None, limit: Limit = None, cursor: Cursor = None
) -> JobList:
    """List the organization's jobs, newest first."""
    page = await jobs.list_page(
        request.context,
        request.org_id,
        state=parse_choice("status", status, JobState),
        cursor=cursor,
        limit=parse_page_limit(limit),
    )
    return JobList(jobs=[job_view(job) for job in page.items], next_cursor=page.next_cursor)


@get("/{job_id:str}", opt={"link": True}, summary="Show a job")
async def get_job(request: ApiRequest, job_id: FromPath[str]) -> JobAnswer:
    """Show a job, with its last error if there was one."""
    return JobAnswer(job_view(await jobs.get(request.context, request.org_id, job_id)))


@post("/{job_id:str}/retry", summary="Try a job now", status_code=200, responses=problems(409))
async def retry_job(request: ApiRequest, job_id: FromPath[str], key: IdempotencyKey = None) -> Response[JobAnswer]:
    """Make a job due at once; a dead letter gets all its attempts again."""

    def retry(context: Context) -> Awaitable[Job]:
        return jobs.retry(context, request.org_id, job_id, actor=request.actor)

    return await answer_once(request, key, retry, lambda job: Response(JobAnswer(job_view(job))))


ROUTER: Final = Router(
    "/jobs", route_handlers=[list_jobs, get_job, retry_job], opt={"subject": "jobs", "limited": True}, tags=["Jobs"]
)
