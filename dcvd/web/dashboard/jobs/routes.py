"""`/dashboard/jobs`: the background jobs of an organization, why some were given up, and a way to try them again."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.job_kinds import NAMED_KINDS
from dcvd.core.jobs import JobState
from dcvd.http.parameters import parse_choice
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.jobs import dead_causes, queue
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.store.engine.transactions import Topic
from dcvd.web.dashboard.jobs.view import name_error, view_job
from dcvd.web.dashboard.live import answer_list_changes, get_changes
from dcvd.web.dashboard.navigation import JOBS
from dcvd.web.dashboard.objects import find_places
from dcvd.web.dashboard.visit import open_visit


@get("/")
async def show_jobs(request: ApiRequest) -> Template:
    """Show the jobs, newest first, and above them why some were given up."""
    visit = await open_visit(request)
    query = request.query_params
    status, kind, error = (query.get(name, "") for name in ("status", "kind", "error"))
    page = await queue.list_page(
        request.context,
        request.org_id,
        state=parse_choice("status", status or None, JobState),
        kind=kind or None,
        error_code=error or None,
        cursor=query.get("cursor"),
        limit=DEFAULT_LIMIT,
    )
    words, dead = visit.words, await dead_causes.list_causes(request.context, request.org_id)
    return visit.show(
        "jobs/list",
        {
            "jobs": [view_job(job, visit.look.language) for job in page.items],
            "next_url": visit.link_next(page.next_cursor),
            "dead": dead,
            "meanings": {cause.code: name_error(cause.code, visit.look.language) for cause in dead.causes},
            "states": [(state.value, words(f"jobs_state_{state.value}")) for state in JobState],
            "kinds": [(name, words(f"job_kind_{name}")) for name in NAMED_KINDS],
            "status": status,
            "kind": kind,
            "error": error,
            "is_filtered": bool(status or kind or error),
            "is_live": "cursor" not in query,
            "places": await find_places(visit, (job.domain_id for job in page.items)),
        },
    )


@get_changes("/changes")
async def follow_jobs(request: ApiRequest) -> Response[Any]:
    """Tell an open page of changes of any job."""
    return answer_list_changes(request, Topic.JOB_LISTS)


@get("/{job_id:str}")
async def show_job(request: ApiRequest, job_id: FromPath[str]) -> Template:
    """Show one job."""
    visit = await open_visit(request)
    job = await queue.get(request.context, request.org_id, job_id)
    return visit.show(
        "jobs/job",
        {
            "job": view_job(job, visit.look.language),
            "places": await find_places(visit, [job.domain_id, job.connection_id]),
        },
    )


@post("/{job_id:str}/retry", status_code=200)
async def retry_job(request: ApiRequest, job_id: FromPath[str]) -> Response[Any]:
    """Make a job due at once; a dead one gets all its attempts again."""
    visit = await open_visit(request)
    await queue.retry(request.context, request.org_id, job_id, actor=request.actor)
    return visit.go_to(f"/jobs/{job_id}", done="done_job_retried")


ROUTERS: Final = (Router("/jobs", route_handlers=[show_jobs, follow_jobs, show_job, retry_job], opt=JOBS),)
