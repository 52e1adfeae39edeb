"""`/dashboard/operator/jobs`: the background jobs of all organizations, and the dead ones by what ended them."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from dcvd.core.job_kinds import NAMED_KINDS, name_job
from dcvd.core.jobs import Cause, JobState
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services.jobs import dead_jobs, queue
from dcvd.services.organizations.owners import pair_with_owners
from dcvd.services.watching import ANY_ORGANIZATION
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.store.engine.transactions import Topic
from dcvd.web.dashboard.live import get_changes
from dcvd.web.dashboard.objects import find_domain_places
from dcvd.web.dashboard.operator.filters import Filters
from dcvd.web.dashboard.visit import open_operator_visit
from dcvd.web.pages.live import answer_changes


@get("/jobs")
async def list_jobs(request: ApiRequest) -> Template:
    """List jobs, newest first, and above them what the dead ones are dead of."""
    visit, filters = open_operator_visit(request), Filters(request)
    context, org_id = request.context, await filters.find_organization_id()
    state, kind, code = filters.choose("status", JobState), filters.read("kind"), filters.read("code")
    page = await queue.list_page(
        context, org_id, state=state, kind=kind, error_code=code, cursor=filters.cursor, limit=DEFAULT_LIMIT
    )
    return visit.show(
        "operator/jobs",
        {
            "places": await find_domain_places(visit, (job.domain_id for job in page.items)),
            "rows": await pair_with_owners(context, page.items, lambda job: job.org_id),
            "causes": [] if visit.is_partial else await dead_jobs.list_by_cause(context),
            "counted_up_to": dead_jobs.COUNTED_UP_TO,
            "name_job": name_job,
            "kinds": NAMED_KINDS,
            "states": [each.value for each in JobState],
            "next_url": visit.link_next(page.next_cursor),
            "is_filtered": any((org_id, state, kind, code)),
        },
    )


@post("/jobs/requeue", status_code=200)
async def requeue_dead_jobs(request: ApiRequest) -> Response[Any]:
    """Try the dead jobs of one cause again, of whichever organizations."""
    visit, form = open_operator_visit(request), await read_form(request)
    if not form.get("kind") or not form.get("code"):
        raise InvalidInput("kind", word("cause_incomplete"))
    count = await dead_jobs.requeue(request.context, Cause(form["kind"], form["code"]))
    is_rest_left = count == dead_jobs.MAX_REQUEUED
    return visit.go_to("/jobs", done="done_jobs_requeued_some" if is_rest_left else "done_jobs_requeued")


@get_changes("/jobs/changes")
async def tell_changes(request: ApiRequest) -> Response[Any]:
    """Tell an open list of each change of a job."""
    return answer_changes(request, Topic.JOB_LISTS, ANY_ORGANIZATION)


HANDLERS: Final[list[HTTPRouteHandler]] = [list_jobs, requeue_dead_jobs, tell_changes]
