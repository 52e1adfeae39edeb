"""`/dashboard/deliveries`: what was sent, and what became of it."""

import json
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from msgspec import Struct

from dcvd.core.addresses import is_public
from dcvd.core.charts.rows import RowPart, lay_out_row
from dcvd.core.events import read_domain_name
from dcvd.core.http.exchanges import Timings
from dcvd.core.webhooks.advice import split_advice
from dcvd.core.webhooks.deliveries import DeliveryState, DeliveryStatus, RecordedAttempt
from dcvd.core.webhooks.explanation import Explanation, explain
from dcvd.http.request import ApiRequest
from dcvd.services.webhooks import cancellations, delivery_history, explanations
from dcvd.services.webhooks.delivery_history import DeliveryDetail
from dcvd.store.engine.transactions import Topic
from dcvd.web.dashboard.live import answer_list_changes, get_changes
from dcvd.web.dashboard.navigation import EVENTS, WEBHOOKS
from dcvd.web.dashboard.objects import find_places
from dcvd.web.dashboard.visit import open_visit
from dcvd.web.dashboard.webhooks.delivery_filters import describe_deliveries
from dcvd.web.pages.live import answer_changes

_BAR_WIDTH: Final = 600
_UNENDED: Final = frozenset({DeliveryStatus.PENDING, DeliveryStatus.HELD})


class Phase(Struct, frozen=True):
    """A phase of an attempt that took some time."""

    name: str
    took_ms: int
    bar: RowPart


class ShownAttempt(Struct, frozen=True, kw_only=True):
    """An attempt with its phases, and why it ended so. response: the beginning of the answer's body, as text."""

    recorded: RecordedAttempt
    phases: list[Phase]
    remote_ip: str | None
    response: str
    explanation: Explanation


@get("/")
async def show_deliveries(request: ApiRequest) -> Template:
    """Show the deliveries to all endpoints, newest first."""
    visit = await open_visit(request)
    return visit.show("webhooks/deliveries", await describe_deliveries(visit))


@get_changes("/changes")
async def tell_delivery_changes(request: ApiRequest) -> Response[Any]:
    """Tell the open list of changes."""
    return answer_list_changes(request, Topic.DELIVERY_LISTS)


@get("/{delivery_id:str}")
async def show_delivery(request: ApiRequest, delivery_id: FromPath[str]) -> Template:
    """Show a delivery, why it stands where it does, what was sent, and the attempts."""
    visit = await open_visit(request)
    context = request.context
    detail = await delivery_history.get(context, request.org_id, delivery_id)
    explained = await explanations.explain_detail(context, detail, find_own_fault=request.services.find_own_fault)
    body = detail.event.body.decode()
    return visit.show(
        "webhooks/delivery",
        {
            "detail": detail,
            "summary": detail.summary,
            "delivery": detail.summary.delivery,
            "endpoint": detail.endpoint,
            "explained": explained,
            "advice": split_advice(explained.advice, visit.look.language),
            "attempts": _show_attempts(detail),
            "are_cut": len(detail.attempts) == delivery_history.LATEST_ATTEMPTS,
            "latest_attempts": delivery_history.LATEST_ATTEMPTS,
            "bar_width": _BAR_WIDTH,
            "domain_name": read_domain_name(detail.event.body),
            "body": body,
            "body_bytes": len(detail.event.body),
            "pretty_body": json.dumps(json.loads(body), indent=2, ensure_ascii=False),
            "is_unended": detail.summary.status in _UNENDED,
            "places": await find_places(visit, [detail.summary.delivery.domain_id]),
            "may_read_webhooks": visit.may(WEBHOOKS),
            "may_read_events": visit.may(EVENTS),
        },
    )


@get_changes("/{delivery_id:str}/changes")
async def tell_changes_of_delivery(request: ApiRequest, delivery_id: FromPath[str]) -> Response[Any]:
    """Tell the open page of changes at the endpoint of the delivery."""
    detail = await delivery_history.get(request.context, request.org_id, delivery_id)
    return answer_changes(request, Topic.DELIVERY_LISTS, detail.endpoint.id)


@post("/{delivery_id:str}/retry", status_code=200)
async def retry_delivery(request: ApiRequest, delivery_id: FromPath[str]) -> Response[Any]:
    """Send a delivery now."""
    visit = await open_visit(request)
    await delivery_history.retry(request.context, request.org_id, delivery_id)
    return visit.go_to(f"/deliveries/{delivery_id}", done="done_delivery_retried")


@post("/{delivery_id:str}/cancel", status_code=200)
async def cancel_delivery(request: ApiRequest, delivery_id: FromPath[str]) -> Response[Any]:
    """Give up a delivery that has not ended."""
    visit = await open_visit(request)
    await cancellations.cancel(request.context, request.org_id, delivery_id)
    request.services.metrics.count_finished_delivery(DeliveryState.CANCELLED)
    return visit.go_to(f"/deliveries/{delivery_id}", done="done_delivery_cancelled")


def _show_attempts(detail: DeliveryDetail) -> list[ShownAttempt]:
    """Show the attempts, the latest first; the longest of them takes the whole width."""
    longest = max((recorded.attempt.timings.total_ms for recorded in detail.attempts), default=0)
    return [
        ShownAttempt(
            recorded=recorded,
            phases=_list_phases(recorded.attempt.timings, longest),
            remote_ip=recorded.attempt.remote_ip if is_public(recorded.attempt.remote_ip) else None,
            response=recorded.attempt.response_body.decode("utf-8", "replace"),
            explanation=explain(recorded.attempt, detail.endpoint.url),
        )
        for recorded in reversed(detail.attempts)
    ]


def _list_phases(timings: Timings, longest: int) -> list[Phase]:
    measured = {
        "dns": timings.dns_ms,
        "connect": timings.connect_ms,
        "tls": timings.tls_ms,
        "wait": timings.first_byte_ms,
    }
    taken = {name: took_ms for name, took_ms in measured.items() if took_ms is not None}
    taken["rest"] = max(timings.total_ms - sum(taken.values()), 0)
    bars = lay_out_row(taken.values(), longest=longest, width=_BAR_WIDTH)
    return [Phase(name, took_ms, bar) for (name, took_ms), bar in zip(taken.items(), bars, strict=True)]


HANDLERS = (
    show_deliveries,
    tell_delivery_changes,
    show_delivery,
    tell_changes_of_delivery,
    retry_delivery,
    cancel_delivery,
)
