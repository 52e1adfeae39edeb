"""Connections to DNS providers over HTTP: by OAuth, by credentials, and AWS ExternalIds."""

from typing import Final

from litestar import Router

from dcvd.api.connections.aws_external_ids import ROUTER as AWS_EXTERNAL_IDS
from dcvd.api.connections.oauth import ROUTER as OAUTH
from dcvd.api.connections.routes import ROUTER as ROUTES

ROUTERS: Final[tuple[Router, ...]] = (
    ROUTES,
    AWS_EXTERNAL_IDS,
    OAUTH,
)
"""The routers below /api, for bearers of a token."""
