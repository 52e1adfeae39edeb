"""`/dashboard/branding`: how the organization looks on the pages that its customers see."""

from http import HTTPStatus
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Template
from msgspec import UNSET

from dcvd.core.branding.branding import Branding, validate_color
from dcvd.errors import DcvdError, InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.branding import BrandingChange, change, read
from dcvd.web.dashboard.branding.preview import build_preview
from dcvd.web.dashboard.navigation import BRANDING
from dcvd.web.dashboard.typed import Faults, Fields, place_fault, split_entries
from dcvd.web.dashboard.visit import Visit, open_visit

_FIELDS: Final = ("name", "primaryColor", "backgroundColor", "language", "returnUrl", "logoUrl", "embedOrigins")
_COLORS: Final = ("primaryColor", "backgroundColor")


@get("/")
async def show_branding(request: ApiRequest) -> Template:
    """Show how the organization looks, and what can be read in its colours."""
    visit = await open_visit(request)
    branding = await read(request.context, request.org_id)
    return _show(visit, branding, _describe(branding))


@post("/", status_code=200)
async def change_branding(request: ApiRequest) -> Response[Any] | Template:
    """Change what the form says; with its button for that, only show how the colours would look."""
    visit, form = await open_visit(request), await read_form(request)
    stored = await read(request.context, request.org_id)
    if "preview" in form:
        return _show(visit, stored, form, faults=_find_color_faults(form))
    try:
        await change(request.context, request.services.logos, request.org_id, _read_change(form))
    except InvalidInput as error:
        return _show(visit, stored, form, faults=place_fault(error, _FIELDS))
    return visit.go_to("/branding", done="done_branding_changed")


def _read_change(form: Fields) -> BrandingChange:
    """Read the form: an empty field unsets its value, one that is not there leaves it, as an empty logo does."""

    def read_text(name: str) -> Any:
        return form[name].strip() or None if name in form else UNSET

    logo_url = form.get("logoUrl", "").strip() or UNSET
    return BrandingChange(
        name=read_text("name"),
        primary_color=read_text("primaryColor"),
        background_color=read_text("backgroundColor"),
        language=read_text("language"),
        return_url=read_text("returnUrl"),
        logo_url=None if "noLogo" in form else logo_url,
        embed_origins=split_entries(form["embedOrigins"]) if "embedOrigins" in form else UNSET,
    )


def _find_color_faults(form: Fields) -> dict[str, DcvdError]:
    faults: dict[str, DcvdError] = {}
    for name in _COLORS:
        try:
            _read_color(form, name)
        except InvalidInput as error:
            faults[name] = error
    return faults


def _read_color(form: Fields, name: str) -> str | None:
    text = form.get(name, "").strip()
    return validate_color(name, text) if text else None


def _describe(branding: Branding) -> dict[str, str]:
    """Return the branding as the fields of the form."""
    return {
        "name": branding.name or "",
        "primaryColor": branding.primary_color or "",
        "backgroundColor": branding.background_color or "",
        "language": branding.language or "",
        "returnUrl": branding.return_url or "",
        "embedOrigins": "\n".join(branding.embed_origins),
    }


def _show(visit: Visit, stored: Branding, typed: Fields, *, faults: Faults | None = None) -> Template:
    colors = [None if name in _find_color_faults(typed) else _read_color(typed, name) for name in _COLORS]
    return visit.show(
        "branding/branding",
        {
            "stored": stored,
            "typed": typed,
            "faults": faults or {},
            "previews": build_preview(*colors),
            "shown_name": typed.get("name") or stored.name or visit.look.organization,
        },
        status=HTTPStatus.BAD_REQUEST if faults else HTTPStatus.OK,
    )


ROUTERS: Final[tuple[Router, ...]] = (
    Router("/branding", route_handlers=[show_branding, change_branding], opt=BRANDING),
)
