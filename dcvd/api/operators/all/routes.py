"""The router of `/operator/all`."""

from typing import Final

from litestar import Router

from dcvd.api.operators.all import audit, connections, deliveries, events, jobs, organizations, webhooks

ROUTER: Final = Router(
    "/all",
    route_handlers=[
        *organizations.HANDLERS,
        *webhooks.HANDLERS,
        *deliveries.HANDLERS,
        *events.HANDLERS,
        *jobs.HANDLERS,
        *connections.HANDLERS,
        *audit.HANDLERS,
    ],
)
