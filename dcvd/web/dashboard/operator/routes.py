"""`/dashboard/operator`: the pages of operators."""

from typing import Final

from dcvd.http.router import Router
from dcvd.web.dashboard.navigation import OPERATOR
from dcvd.web.dashboard.operator import (
    audit,
    connections,
    deliveries,
    domains,
    events,
    jobs,
    organization,
    organizations,
    overview,
    sessions,
    webhooks,
)

ROUTERS: Final = (
    Router(
        "/",
        route_handlers=[
            *overview.HANDLERS,
            *organizations.HANDLERS,
            *organization.HANDLERS,
            *domains.HANDLERS,
            *webhooks.HANDLERS,
            *deliveries.HANDLERS,
            *events.HANDLERS,
            *connections.HANDLERS,
            *jobs.HANDLERS,
            *audit.HANDLERS,
            *sessions.HANDLERS,
        ],
        opt=OPERATOR,
    ),
)
