"""Endpoints and their deliveries over HTTP."""

from typing import Final

from litestar import Router

from dcvd.api.webhooks.deliveries import ROUTER as DELIVERIES
from dcvd.api.webhooks.endpoint_calls import ROUTER as ENDPOINT_CALLS
from dcvd.api.webhooks.routes import ROUTER as ROUTES

ROUTERS: Final[tuple[Router, ...]] = (
    ROUTES,
    ENDPOINT_CALLS,
    DELIVERIES,
)
"""The routers below /api, for bearers of a token."""
