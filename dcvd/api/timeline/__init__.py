"""The timeline of a domain over HTTP."""

from typing import Final

from litestar import Router

from dcvd.api.timeline.routes import ROUTER as ROUTES

ROUTERS: Final[tuple[Router, ...]] = (ROUTES,)
"""The routers below /api, for bearers of a token."""
