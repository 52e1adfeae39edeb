"""`/dashboard/domains/register/{job}`: have a domain registered at Cloudflare again."""

from typing import Any, Final

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from dcvd.http.request import ApiRequest
from dcvd.services.jobs import queue
from dcvd.web.dashboard.visit import open_visit


@post("/domains/register/{job_id:str}", status_code=200)
async def register_again(request: ApiRequest, job_id: FromPath[str]) -> Response[Any]:
    """Make the job that registers a domain due at once."""
    visit = await open_visit(request)
    job = await queue.retry(request.context, request.org_id, job_id, actor=request.actor)
    place = "/domains" if job.domain_id is None else f"/domains/{job.domain_id}"
    return visit.go_to(place, done="done_domain_registered")


HANDLERS: Final[list[HTTPRouteHandler]] = [register_again]
