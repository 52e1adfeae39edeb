"""The router of `/operator/all`."""

from typing import Final

from dcvd.api.operators.all import audit, connections, deliveries, events, jobs, organizations, webhooks
from dcvd.http.router import Router

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
