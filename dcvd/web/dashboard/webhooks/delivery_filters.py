"""The filters of lists of deliveries, as a form sends them."""

from collections.abc import Mapping
from typing import Any, Final

from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.errors import InvalidInput, NotFound
from dcvd.http.parameters import parse_choice, parse_event_types, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.services.domains import names
from dcvd.services.webhooks import delivery_lists
from dcvd.store.webhooks.delivery_history import DeliveryFilters
from dcvd.web.dashboard.navigation import DOMAINS, WEBHOOKS
from dcvd.web.dashboard.typed_instants import parse_typed_instant
from dcvd.web.dashboard.visit import Visit

_FIELDS: Final = ("status", "event", "domain", "since", "until")
_ENDPOINT: Final = "webhook"


async def describe_deliveries(visit: Visit, endpoint_id: str | None = None) -> Mapping[str, Any]:
    """List the deliveries that the query asks for, and return what templates need of list and filters.

    endpoint_id: that of the page; else the query may name one. Raises InvalidInput, and NotFound for the endpoint.
    """
    request, query = visit.request, visit.request.query_params
    filters = await _read_filters(request, endpoint_id)
    listed = await delivery_lists.list_page(
        request.context,
        request.org_id,
        filters,
        cursor=query.get("cursor"),
        limit=parse_page_limit(query.get("limit")),
    )
    return {
        "deliveries": listed,
        "next_url": visit.link_next(listed.page.next_cursor),
        "may_read_webhooks": visit.may(WEBHOOKS),
        "may_read_domains": visit.may(DOMAINS),
        "is_filtered": any(query.get(name) for name in (*_FIELDS, _ENDPOINT)),
        "statuses": [(status.value, visit.words(f"webhooks_status_{status.value}")) for status in DeliveryStatus],
        "event_types": [(event_type.value, event_type.value) for event_type in TENANT_TYPES],
    }


async def _read_filters(request: ApiRequest, endpoint_id: str | None) -> DeliveryFilters:
    query = request.query_params
    event, domain = query.get("event"), query.get("domain", "").strip()
    return DeliveryFilters(
        endpoint_id=endpoint_id or query.get(_ENDPOINT) or None,
        status=parse_choice("status", query.get("status") or None, DeliveryStatus),
        event_types=parse_event_types("event", [event] if event else None),
        domain_id=await _find_domain_id(request, domain) if domain else None,
        since=parse_typed_instant("since", query.get("since")),
        until=parse_typed_instant("until", query.get("until")),
    )


async def _find_domain_id(request: ApiRequest, typed: str) -> str:
    """Find the domain that is meant by a name or an id; where there is none, no delivery is about it."""
    try:
        return await names.find_id(request.context, typed, org_id=request.org_id)
    except (NotFound, InvalidInput):
        return typed
