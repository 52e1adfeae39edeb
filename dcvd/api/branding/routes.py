"""`/api/organization/branding`, and the logos at `/branding`."""

from typing import Final

from litestar import Response, get, patch
from litestar.params import FromPath, JSONBody

from dcvd.api.branding.input import BrandingPatch
from dcvd.api.branding.view import BrandingAnswer, branding_answer
from dcvd.core.branding.branding import Branding
from dcvd.http.answer_headers import KEPT_FOR_EVER
from dcvd.http.documentation import problems
from dcvd.http.etag import ETAG_HEADER, IF_MATCH, InjectedPrecondition
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.branding import change, find_logo, read

_LOGO_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    **KEPT_FOR_EVER,
}


@get("/branding", summary="Show the branding")
async def get_branding(request: ApiRequest) -> Response[BrandingAnswer]:
    """Show how your organization looks on the pages that its customers see."""
    return _respond(request, await read(request.context, request.org_id))


@patch("/branding", summary="Change the branding", dependencies=IF_MATCH, responses=problems(412))
async def update_branding(
    request: ApiRequest, data: JSONBody[BrandingPatch], precondition: InjectedPrecondition
) -> Response[BrandingAnswer]:
    """Change how your organization looks.

    A logo is fetched once from `logoUrl`, and served from here: PNG, JPEG, WebP or GIF, up to 256 KiB and 4096 pixels.
    Redirects are not followed.
    """
    logos = request.services.logos
    branding = await change(request.context, logos, request.org_id, data.change, precondition=precondition)
    return _respond(request, branding)


def _respond(request: ApiRequest, branding: Branding) -> Response[BrandingAnswer]:
    answer = branding_answer(branding, request.context.config.server.public_url)
    return Response(answer, headers={ETAG_HEADER: branding.entity_tag})


@get("/{logo_id:str}", summary="Show a logo", include_in_schema=False)
async def show_logo(request: ApiRequest, logo_id: FromPath[str]) -> Response[bytes]:
    """Show a logo to whoever knows its address. What is there never changes: another logo has another address."""
    logo = await find_logo(request.context, logo_id)
    return Response(logo.content, media_type=logo.media_type, headers=_LOGO_HEADERS)


ROUTER: Final = Router(
    "/organization", route_handlers=[get_branding, update_branding], opt={"subject": None}, tags=["Organization"]
)
LOGO_ROUTER: Final = Router("/branding", route_handlers=[show_logo])
