"""Domains over HTTP: one by one, in bulk, and as CSV."""

from typing import Final

from litestar import Router

from dcvd.api.domains.bulk import ROUTER as BULK
from dcvd.api.domains.csv_export import ROUTER as CSV_EXPORT
from dcvd.api.domains.routes import ROUTER as ROUTES

ROUTERS: Final[tuple[Router, ...]] = (
    ROUTES,
    BULK,
    CSV_EXPORT,
)
"""The routers below /api, for bearers of a token."""
