"""Where the pages stand. Nothing is imported here that only they need."""

from typing import Final

from dcvd.core.links import PAGE_ROOT
from dcvd.http.page_routes import PageEntrance

PAGE_ENTRANCE: Final = PageEntrance(
    module="dcvd.web.routes",
    roots=(
        "/",
        "/alerts",
        "/assets",
        PAGE_ROOT,
        "/connect.js",
        "/dashboard",
        "/domain-connect",
        "/invitation",
        "/oauth/callback",
        "/sign-in",
        "/sign-out",
    ),
)
