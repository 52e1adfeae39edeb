"""`/dashboard/webhooks` and `/dashboard/deliveries`: endpoints, deliveries and their attempts."""

from typing import Final

from dcvd.http.router import Router
from dcvd.web.dashboard.navigation import DELIVERIES, WEBHOOKS
from dcvd.web.dashboard.webhooks import deliveries, endpoint_calls, endpoint_list, endpoint_page, replays

ROUTERS: Final[tuple[Router, ...]] = (
    Router(
        "/webhooks",
        route_handlers=[
            *endpoint_list.HANDLERS,
            *endpoint_page.HANDLERS,
            *endpoint_calls.HANDLERS,
            *replays.ENDPOINT_HANDLERS,
        ],
        opt=WEBHOOKS,
    ),
    Router("/deliveries", route_handlers=[*deliveries.HANDLERS, *replays.DELIVERY_HANDLERS], opt=DELIVERIES),
)
