"""The query parameters of every list of deliveries."""

from typing import Annotated, Final

from litestar.di import NamedDependency, Provide
from msgspec import Struct
from msgspec.structs import replace

from dcvd.api.webhooks.delivery_view import DeliveryList, delivery_view
from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.http.answers.instants import parse_instant
from dcvd.http.parameters import (
    EVENT_TYPES,
    Cursor,
    Limit,
    parse_choice,
    parse_event_types,
    parse_page_limit,
    query_parameter,
)
from dcvd.http.request import ApiRequest
from dcvd.services.webhooks import delivery_history
from dcvd.store.webhooks.delivery_history import DeliveryFilters

StatusFilter = Annotated[str | None, query_parameter("status", "Only with this status.", enum=list(DeliveryStatus))]
EventFilter = Annotated[
    list[str] | None,
    query_parameter(
        "event",
        "Only of these events: several with commas between them, or each in a parameter of its own.",
        **EVENT_TYPES,
    ),
]
DomainFilter = Annotated[str | None, query_parameter("domainId", "Only about this domain.")]
RequestFilter = Annotated[
    str | None,
    query_parameter("requestId", "Only those that came of this request: the `X-Request-Id` of its answer."),
]
Since = Annotated[
    str | None,
    query_parameter("since", "Only those made at this instant or later; RFC 3339.", format="date-time"),
]
Until = Annotated[
    str | None, query_parameter("until", "Only those made before this instant; RFC 3339.", format="date-time")
]


class DeliveryListQuery(Struct, frozen=True, kw_only=True):
    """The filters and the page of a list of deliveries; the handler adds the endpoint."""

    filters: DeliveryFilters
    limit: int
    cursor: str | None

    async def fetch_page(self, request: ApiRequest, webhook_id: str | None) -> DeliveryList:
        """Fetch the page. Raises NotFound for an endpoint of another organization."""
        filters = replace(self.filters, endpoint_id=webhook_id)
        page = await delivery_history.list_page(
            request.context, request.org_id, filters, cursor=self.cursor, limit=self.limit
        )
        return DeliveryList(deliveries=[delivery_view(summary) for summary in page.items], next_cursor=page.next_cursor)


def _read_list_query(
    status: StatusFilter = None,
    event: EventFilter = None,
    domain_id: DomainFilter = None,
    since: Since = None,
    until: Until = None,
    request_id: RequestFilter = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> DeliveryListQuery:
    filters = DeliveryFilters(
        status=parse_choice("status", status, DeliveryStatus),
        event_types=parse_event_types("event", event),
        domain_id=domain_id,
        since=parse_instant("since", since),
        until=parse_instant("until", until),
        request_id=request_id,
    )
    return DeliveryListQuery(filters=filters, limit=parse_page_limit(limit), cursor=cursor)


LIST_QUERY: Final = {"list_query": Provide(_read_list_query, sync_to_thread=False)}
"""The dependency of handlers with a parameter `list_query: InjectedListQuery`."""
InjectedListQuery = NamedDependency[DeliveryListQuery]
