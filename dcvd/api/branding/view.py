"""How an organization looks, as JSON."""

from msgspec import Struct

from dcvd.core.branding.branding import Branding
from dcvd.http.answers.views import build_view

LOGO_PATH = "/branding/{logo_id}"


class BrandingView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How an organization looks; null for what is not set."""

    name: str | None
    primary_color: str | None
    background_color: str | None
    language: str | None
    return_url: str | None
    logo_url: str | None
    embed_origins: tuple[str, ...]


class BrandingAnswer(Struct, frozen=True):
    branding: BrandingView


def branding_answer(branding: Branding, public_url: str) -> BrandingAnswer:
    """Show how an organization looks. Where the daemon does not know its URL, that of the logo is a path."""
    logo_url = None if branding.logo_id is None else f"{public_url}{LOGO_PATH.format(logo_id=branding.logo_id)}"
    return BrandingAnswer(build_view(BrandingView, branding, logo_url=logo_url))
