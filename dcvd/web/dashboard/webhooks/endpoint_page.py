"""`/dashboard/webhooks/{endpoint_id}`: one endpoint, how it does, and its deliveries."""

from http import HTTPStatus
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Template
from msgspec import Struct

from dcvd.core.durations import format_duration
from dcvd.core.instants import DAY
from dcvd.core.webhooks.advice import split_advice
from dcvd.core.webhooks.endpoint_warnings import find_warnings
from dcvd.core.webhooks.event_refusals import advise_on_refusal
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.errors import DcvdError
from dcvd.http.parameters import parse_choice
from dcvd.http.request import ApiRequest
from dcvd.services.webhooks import endpoint_figures, endpoints
from dcvd.services.webhooks.endpoint_figures import RateWindow
from dcvd.store.engine.transactions import Topic
from dcvd.web.dashboard.live import get_changes
from dcvd.web.dashboard.navigation import DELIVERIES
from dcvd.web.dashboard.typed_instants import show_typed_instant
from dcvd.web.dashboard.visit import Visit, open_visit
from dcvd.web.dashboard.webhooks.delivery_filters import describe_deliveries
from dcvd.web.dashboard.webhooks.endpoint_form import SELECTABLE, EndpointForm, fill_form
from dcvd.web.dashboard.webhooks.figures import HEIGHT, WIDTH, draw_answers, draw_course, format_rates
from dcvd.web.dashboard.webhooks.rights import REPLAY
from dcvd.web.pages.live import answer_changes


class ReplayForm(Struct, frozen=True, kw_only=True):
    """Which events are to be sent again, as they are typed. fault: what is wrong with that."""

    since: str
    until: str = ""
    status: str = ReplayStatus.DEAD.value
    event: str = ""
    fault: DcvdError | None = None


@get("/{endpoint_id:str}")
async def show_endpoint(request: ApiRequest, endpoint_id: FromPath[str]) -> Template:
    """Show an endpoint with its health, its figures and its deliveries."""
    return await show_page(await open_visit(request), endpoint_id)


@get_changes("/{endpoint_id:str}/changes")
async def tell_endpoint_changes(request: ApiRequest, endpoint_id: FromPath[str]) -> Response[Any]:
    """Tell the open page of changes of the endpoint and its deliveries."""
    await endpoints.get(request.context, request.org_id, endpoint_id)
    return answer_changes(request, Topic.DELIVERY_LISTS, endpoint_id)


async def show_page(
    visit: Visit, endpoint_id: str, *, form: EndpointForm | None = None, replay: ReplayForm | None = None
) -> Template:
    """Show the page; `form` and `replay` are what was typed and is wrong."""
    request, language = visit.request, visit.look.language
    now = request.context.now()
    window = parse_choice("window", request.query_params.get("window") or None, RateWindow) or RateWindow.DAY
    figures = await endpoint_figures.get(request.context, request.org_id, endpoint_id, window)
    endpoint = figures.endpoint
    listed = await describe_deliveries(visit, endpoint_id) if visit.may(DELIVERIES) else {}
    is_typed = form is not None or replay is not None
    return visit.show(
        "webhooks/endpoint",
        {
            "deliveries": None,
            **listed,
            "endpoint": endpoint,
            "figures": figures,
            "window": window,
            "windows": list(RateWindow),
            "share": format_rates(figures.rates, language),
            "course": draw_course(figures.spans),
            "answers": draw_answers(figures.answers),
            "chart_size": (WIDTH, HEIGHT),
            "latest_deliveries": endpoint_figures.LATEST_DELIVERIES,
            "counted_up_to": endpoint_figures.COUNTED_UP_TO,
            "refusals": [
                (refusal.event_type, answer, split_advice(advise_on_refusal(refusal.event_type, answer), language))
                for refusal in figures.refusals
                if (answer := refusal.lasting_answer) is not None
            ],
            "warnings": find_warnings(endpoint),
            "now": now,
            "may_read_deliveries": visit.may(DELIVERIES),
            "may_replay": visit.may(REPLAY, "POST"),
            "form": form or fill_form(endpoint),
            "selectable": SELECTABLE,
            "replay": replay or ReplayForm(since=show_typed_instant(now - DAY)),
            "replay_statuses": [
                (status.value, visit.words(f"webhooks_replay_{status.value}")) for status in ReplayStatus
            ],
            "schedule": " ".join(map(format_duration, endpoint.retry_schedule or ())),
            "event_types": [(event_type.value, event_type.value) for event_type in TENANT_TYPES],
        },
        status=HTTPStatus.BAD_REQUEST if is_typed else HTTPStatus.OK,
        place=f"/webhooks/{endpoint_id}" if is_typed else None,
    )


HANDLERS = (show_endpoint, tell_endpoint_changes)
