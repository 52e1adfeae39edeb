"""`/dashboard/operator/webhooks`: the endpoints of all organizations, and what they have not got."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.webhooks.health import EndpointCondition
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.http.request import ApiRequest
from dcvd.services.organizations.owners import pair_with_owners
from dcvd.services.webhooks import dead_letters, delivery_history, endpoint_lists, replay_job
from dcvd.services.webhooks.endpoint_lists import EndpointFilters
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.web.dashboard.operator.filters import Filters
from dcvd.web.dashboard.visit import open_operator_visit


@get("/webhooks")
async def list_webhooks(request: ApiRequest) -> Template:
    """List endpoints, newest first, with how many dead letters each has."""
    visit, filters = open_operator_visit(request), Filters(request)
    wanted = EndpointFilters(
        org_id=await filters.find_organization_id(),
        condition=filters.choose("health", EndpointCondition),
        called=filters.read("webhook"),
    )
    page = await endpoint_lists.list_page(request.context, wanted, cursor=filters.cursor, limit=DEFAULT_LIMIT)
    dead = await dead_letters.count_of_endpoints(request.context, [endpoint.id for endpoint in page.items])
    return visit.show(
        "operator/webhooks",
        {
            "rows": await pair_with_owners(request.context, page.items, lambda endpoint: endpoint.org_id),
            "dead": dead,
            "now": request.context.now(),
            "conditions": [each.value for each in EndpointCondition],
            "next_url": visit.link_next(page.next_cursor),
            "is_filtered": wanted != EndpointFilters(),
        },
    )


@post("/webhooks/{webhook_id:str}/retry-dead", status_code=200)
async def retry_dead_deliveries(request: ApiRequest, webhook_id: FromPath[str]) -> Response[Any]:
    """Start a job that sends all dead letters of an endpoint again, each with its full schedule."""
    visit = open_operator_visit(request)
    endpoint, _ = await delivery_history.get_endpoint(request.context, None, webhook_id)
    await replay_job.request_replay(request.context, endpoint.org_id, webhook_id, status=ReplayStatus.DEAD)
    return visit.go_to(f"/webhooks?webhook={webhook_id}", done="done_dead_letters_retried")


HANDLERS: Final[list[HTTPRouteHandler]] = [list_webhooks, retry_dead_deliveries]
