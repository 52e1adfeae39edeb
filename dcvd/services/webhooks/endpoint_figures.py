"""Endpoints with the figures that say how they do: attempts over time, answers, and what is not done."""

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.instants import HOUR, MINUTE
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.event_refusals import EventRefusal
from dcvd.services.context import Context
from dcvd.services.webhooks.delivery_history import RATE_WINDOWS_MS, DeliveryRates, sum_rates
from dcvd.services.webhooks.endpoints import get_owned
from dcvd.store.engine.paging import Page, build_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.webhooks import delivery_history, endpoint_figures, endpoints, event_refusals
from dcvd.store.webhooks.attempts import SLOT_MS
from dcvd.store.webhooks.endpoint_figures import AnswerCount, EndpointBacklog

COUNTED_UP_TO: Final = 1_000
"""Nobody waits for an exact number of deliveries that are not done, beyond this one."""
LATEST_DELIVERIES: Final = 500
"""Out of the attempts for so many deliveries answers are counted."""


class RateWindow(StrEnum):
    """A span of time that ends now; see `RATE_WINDOWS_MS`."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


_SPANS_MS: Final = {RateWindow.HOUR: 5 * MINUTE, RateWindow.DAY: HOUR, RateWindow.WEEK: 6 * HOUR}


class RateSpan(Struct, frozen=True):
    """The rates of the part of a window that begins at an instant."""

    started_at: int
    rates: DeliveryRates


class EndpointFigures(Struct, frozen=True, kw_only=True):
    """How an endpoint does. rates: of the whole window. spans: of its parts, all of them, in order.

    answers: of the window, out of the attempts for the latest deliveries; refusals: of types for good.
    """

    endpoint: Endpoint
    backlog: EndpointBacklog
    rates: DeliveryRates
    spans: Sequence[RateSpan]
    answers: Sequence[AnswerCount]
    refusals: Sequence[EventRefusal]


class EndpointSummary(Struct, frozen=True, kw_only=True):
    """An endpoint in a list, with its attempts of the last day."""

    endpoint: Endpoint
    backlog: EndpointBacklog
    delivered_count: int
    failed_count: int


class EndpointSummaries(Struct, frozen=True, kw_only=True):
    """A page of endpoints. dead_letters: of the whole organization, counted up to `COUNTED_UP_TO`."""

    page: Page[EndpointSummary]
    dead_letters: int


async def list_page(context: Context, org_id: str, *, cursor: str | None, limit: int) -> EndpointSummaries:
    """List an organization's endpoints, newest first, with their figures."""
    before = decode_cursor(cursor)

    def query(snapshot: Snapshot) -> EndpointSummaries:
        rows = endpoints.list_of_org(snapshot, org_id, before=before, limit=limit + 1)
        page = build_page(rows, limit, [row.id for row in rows])
        ids = [endpoint.id for endpoint in page.items]
        backlogs = endpoint_figures.count_backlogs(snapshot, ids, COUNTED_UP_TO)
        counts = endpoint_figures.sum_counts(snapshot, ids, _find_start(context.now(), RateWindow.DAY))
        summaries = []
        for endpoint in page.items:
            delivered_count, failed_count = counts.get(endpoint.id, (0, 0))
            summaries.append(
                EndpointSummary(
                    endpoint=endpoint,
                    backlog=backlogs[endpoint.id],
                    delivered_count=delivered_count,
                    failed_count=failed_count,
                )
            )
        dead_letters = delivery_history.count_dead_of_org(snapshot, org_id, COUNTED_UP_TO)
        return EndpointSummaries(page=Page(summaries, page.next_cursor), dead_letters=dead_letters)

    return await context.database.read(query)


async def get(context: Context, org_id: str, endpoint_id: str, window: RateWindow) -> EndpointFigures:
    """Get an endpoint with the figures of a window. Raises NotFound, also for another organization's."""
    now, span_ms = context.now(), _SPANS_MS[window]
    start = _find_start(now, window)

    def query(snapshot: Snapshot) -> EndpointFigures:
        endpoint = get_owned(snapshot, org_id, endpoint_id)
        counts = endpoint_figures.list_counts_by_span(snapshot, endpoint_id, start, span_ms)
        by_span = defaultdict(list)
        for count in counts:
            by_span[count[0]].append(count)
        return EndpointFigures(
            endpoint=endpoint,
            backlog=endpoint_figures.count_backlogs(snapshot, [endpoint_id], COUNTED_UP_TO)[endpoint_id],
            rates=sum_rates(counts),
            spans=[
                RateSpan(span_at, sum_rates(by_span[span_at]))
                for span_at in range(start - start % span_ms, now + 1, span_ms)
            ],
            answers=endpoint_figures.count_answers(snapshot, endpoint_id, start, LATEST_DELIVERIES),
            refusals=[
                refusal
                for refusal in event_refusals.list_of_endpoint(snapshot, endpoint_id)
                if refusal.lasting_answer is not None
            ],
        )

    return await context.database.read(query)


def _find_start(now: int, window: RateWindow) -> int:
    """Return the start of the slot in which a window begins."""
    start = now - RATE_WINDOWS_MS[window]
    return start - start % SLOT_MS
