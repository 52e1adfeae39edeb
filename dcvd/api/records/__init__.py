"""Records in customers' zones over HTTP: plans, writes, undo, and Domain Connect."""

from typing import Final

from litestar import Router

from dcvd.api.records.domain_connect import ROUTER as DOMAIN_CONNECT
from dcvd.api.records.routes import ROUTER as ROUTES

ROUTERS: Final[tuple[Router, ...]] = (
    ROUTES,
    DOMAIN_CONNECT,
)
"""The routers below /api, for bearers of a token."""
