"""`/operator/webhooks`, `/operator/deliveries`, `/operator/events`: the events of all organizations, for operators.

The routes are those of tenants. What makes them the operator's is the caller, who acts for the operator's own endpoints
and events, and for nothing of any organization.
"""

from typing import Final

from litestar.handlers import BaseRouteHandler
from msgspec.structs import replace

from dcvd.api import events
from dcvd.api.jobs import routes as jobs
from dcvd.api.webhooks import deliveries, endpoint_calls
from dcvd.api.webhooks import routes as webhooks
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.http.access.authentication import AsgiConnection, get_services
from dcvd.http.access.authorization import READ_METHODS
from dcvd.http.router import Router
from dcvd.services.events import operator_events


async def act_for_programs(connection: AsgiConnection, handler: BaseRouteHandler) -> None:
    """Guard the routes, behind the one that knows the operator: let them act for the operator's endpoints and events.

    From the first endpoint, or the first read of the feed on, events are kept for them.
    """
    scope = connection.scope
    scope["auth"] = replace(scope["auth"], org_id=OPERATOR_ORG_ID)
    method = scope["method"]  # type: ignore[typeddict-item]  # HTTP alone has handlers here
    if method == "OPTIONS":
        return
    if method not in READ_METHODS or handler.opt.get("subject") == "events":
        await operator_events.begin(get_services(scope).context)


ROUTER: Final = Router(
    "/",
    route_handlers=[webhooks.ROUTER, endpoint_calls.ROUTER, deliveries.ROUTER, events.ROUTER, jobs.ROUTER],
    guards=[act_for_programs],
)
