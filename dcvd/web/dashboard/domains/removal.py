"""`/dashboard/domains/{id}/remove`: remove a domain, and say which records are left in its owner's DNS."""

from typing import Any, Final

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from dcvd.core.domains.typed_records import find_place
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services.domains import removals
from dcvd.web.dashboard.visit import open_visit


@post("/domains/{domain_id:str}/remove", status_code=200)
async def remove_domain(request: ApiRequest, domain_id: FromPath[str]) -> Response[Any]:
    """Remove a domain: here at once, at Cloudflare by a job."""
    visit = await open_visit(request)
    form = await read_form(request)
    with_hostname = form.get("remove_hostname") == "true"
    domain, leftovers = await removals.remove(
        request.context,
        request.org_id,
        domain_id,
        remove_records=form.get("remove_records") == "true",
        remove_hostname=with_hostname,
        actor=request.actor,
    )
    left = [each for each in leftovers if not each.being_removed]
    is_hostname_left = domain.leaves_hostname and not with_hostname
    if not left and not is_hostname_left:
        return visit.go_to("/domains", done="done_domain_removed")
    return visit.show(
        "domains/removed",
        {
            "domain": domain,
            "records": [(each.type, find_place(each.name, each.zone).host, each.value, each.zone) for each in left],
            "is_hostname_left": is_hostname_left,
        },
    )


HANDLERS: Final[list[HTTPRouteHandler]] = [remove_domain]
