"""`/dashboard/operator`: how all of it is doing."""

from typing import Any, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template

from dcvd.core.durations import format_bytes
from dcvd.core.instants import from_rfc3339
from dcvd.core.job_kinds import name_job
from dcvd.core.system.overview import SystemOverview
from dcvd.http.request import ApiRequest
from dcvd.services.jobs import dead_jobs
from dcvd.services.lifecycle import renewals
from dcvd.services.lifecycle.renewals import LateRenewalView
from dcvd.services.system.versions import read_versions
from dcvd.services.watching import ANY_ORGANIZATION
from dcvd.services.webhooks import dead_letters
from dcvd.store.engine.transactions import Topic
from dcvd.web.dashboard.live import get_changes
from dcvd.web.dashboard.operator.oldest import list_oldest
from dcvd.web.dashboard.operator.problems import describe_problems
from dcvd.web.dashboard.visit import open_operator_visit
from dcvd.web.pages.live import answer_changes

_MAX_LISTED: Final = 10
_VERSIONS: Final = read_versions()


@get("/")
async def show_overview(request: ApiRequest) -> Template:
    """Show what serves, what waits for whom, what broke, what is late, and what the operator has to do."""
    visit = open_operator_visit(request)
    overview = await request.services.overview.read()
    return visit.show(
        "operator/overview",
        {
            "overview": overview,
            "problems": describe_problems(overview),
            "oldest": list_oldest(overview),
            "states": count_states(overview),
            "causes": await dead_jobs.list_by_cause(request.context),
            "late_renewals": await _list_late_renewals(request, overview),
            "dead_letters": await dead_letters.list_with_most(request.context, _MAX_LISTED),
            "versions": _VERSIONS,
            "counted_up_to": dead_jobs.COUNTED_UP_TO,
            "name_job": name_job,
            "ms": from_rfc3339,
            "size": format_bytes,
        },
    )


@get_changes("/changes")
async def tell_changes(request: ApiRequest) -> Response[Any]:
    """Tell an open page that something has happened."""
    return answer_changes(request, Topic.EVENTS, ANY_ORGANIZATION)


async def _list_late_renewals(request: ApiRequest, overview: SystemOverview) -> list[LateRenewalView]:
    if not overview.certificates.overdue_renewals:
        return []
    return (await renewals.summarize_renewals(request.context, limit=_MAX_LISTED)).late


def count_states(overview: SystemOverview) -> list[tuple[str, int]]:
    """List who has to act for how many domains, those with most of them first."""
    return sorted(overview.domains.waiting_for.items(), key=lambda item: -item[1])


HANDLERS: Final[list[HTTPRouteHandler]] = [show_overview, tell_changes]
