"""`/dashboard/webhooks`: the endpoints of the organization, and a form that adds one."""

from http import HTTPStatus
from typing import Any

from litestar import Response, get, post
from litestar.response import Template
from msgspec.structs import replace

from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.core.webhooks.signing import to_standard_secret
from dcvd.errors import InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.parameters import parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.services.webhooks import delivery_lists, endpoint_figures, endpoints
from dcvd.store.engine.transactions import Topic
from dcvd.store.webhooks.delivery_history import DeliveryFilters
from dcvd.web.dashboard.live import answer_list_changes, get_changes
from dcvd.web.dashboard.navigation import DELIVERIES, DOMAINS
from dcvd.web.dashboard.visit import Visit, open_visit
from dcvd.web.dashboard.webhooks.endpoint_form import SELECTABLE, EndpointForm, find_faults, read_endpoint_form
from dcvd.web.dashboard.webhooks.figures import format_share
from dcvd.web.dashboard.webhooks.rights import RETRY_ALL

_SHOWN_DEAD_LETTERS = 5


@get("/")
async def show_endpoints(request: ApiRequest) -> Template:
    """Show the endpoints with their health, and what is not done."""
    return await _show(await open_visit(request), EndpointForm())


@get_changes("/changes")
async def tell_changes(request: ApiRequest) -> Response[Any]:
    """Tell the open page of changes of endpoints and deliveries."""
    return answer_list_changes(request, Topic.DELIVERY_LISTS)


@post("/", status_code=200)
async def add_endpoint(request: ApiRequest) -> Template:
    """Add an endpoint, and show its secret, which nobody sees again."""
    visit = await open_visit(request)
    form = read_endpoint_form(await read_form(request))
    try:
        endpoint, secret = await endpoints.create(
            request.context, request.org_id, name=form.name_or_none, url=form.url, events=form.events
        )
    except InvalidInput as error:
        return await _show(visit, replace(form, faults=find_faults(error)))
    return visit.show(
        "webhooks/secret",
        {
            "endpoint": endpoint,
            "secret": secret.reveal(),
            "standard_secret": to_standard_secret(secret).reveal(),
            "previous_expires_at": None,
        },
    )


async def _show(visit: Visit, form: EndpointForm) -> Template:
    request = visit.request
    summaries = await endpoint_figures.list_page(
        request.context,
        request.org_id,
        cursor=request.query_params.get("cursor"),
        limit=parse_page_limit(request.query_params.get("limit")),
    )
    dead_letters = None
    if visit.may(DELIVERIES) and summaries.dead_letters:
        dead_letters = await delivery_lists.list_page(
            request.context,
            request.org_id,
            DeliveryFilters(status=DeliveryStatus.DEAD),
            cursor=None,
            limit=_SHOWN_DEAD_LETTERS,
        )
    return visit.show(
        "webhooks/list",
        {
            "summaries": summaries,
            "shares": {
                each.endpoint.id: format_share(each.delivered_count, each.failed_count, visit.look.language)
                for each in summaries.page.items
            },
            "now": request.context.now(),
            "next_url": visit.link_next(summaries.page.next_cursor),
            "dead_letters": dead_letters,
            "counted_up_to": endpoint_figures.COUNTED_UP_TO,
            "may_read_deliveries": visit.may(DELIVERIES),
            "may_read_domains": visit.may(DOMAINS),
            "may_retry": visit.may(RETRY_ALL, "POST"),
            "form": form,
            "selectable": SELECTABLE,
        },
        status=HTTPStatus.BAD_REQUEST if form.faults else HTTPStatus.OK,
    )


HANDLERS = (show_endpoints, tell_changes, add_endpoint)
