"""The connect page in a frame of an organization's own site, and the script that makes the frame."""

from typing import Final

from litestar import Response, get
from msgspec import Struct

from dcvd.core.branding.branding import Branding
from dcvd.http.answer_headers import KEPT_FOR_AN_HOUR
from dcvd.http.page_routes import ANY_QUERY
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.web.pages.assets import find_asset

PARAMETER: Final = "embed"


class Embedding(Struct, frozen=True):
    """A page in a frame. origin: of the site around it, which is told what happens; None for one that is not listed."""

    origin: str | None


def read_embedding(request: ApiRequest, branding: Branding) -> Embedding | None:
    """Return in which frame the page was asked for by `?embed=`, which names the origin; None for a page of its own."""
    asked = request.query_params.get(PARAMETER)
    if not asked:
        return None
    return Embedding(asked if asked in branding.embed_origins else None)


@get("/connect.js", opt={ANY_QUERY: True})
async def show_script() -> Response[bytes]:
    """Show the script that other sites include."""
    asset = find_asset("connect.js")
    return Response(asset.content, media_type=asset.media_type, headers=KEPT_FOR_AN_HOUR)


ROUTER: Final = Router("/", route_handlers=[show_script], include_in_schema=False)
