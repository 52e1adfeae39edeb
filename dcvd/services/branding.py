"""Branding: read and change how an organization looks. A logo is fetched once, and served from here."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.branding.branding import Branding, validate_color, validate_language, validate_return_url
from dcvd.core.branding.embed_origins import validate_embed_origins
from dcvd.core.http.entity_tags import ANY_STATE, Precondition
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.errors import NotFound
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.logos import LogoFetcher
from dcvd.services.names import validate_name
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations import branding as branding_table
from dcvd.store.organizations.branding import Logo


class BrandingChange(Struct, frozen=True, kw_only=True):
    """The new values; UNSET leaves the present one, None unsets it. logo_url: from where to fetch the logo."""

    name: str | UnsetType | None = UNSET
    primary_color: str | UnsetType | None = UNSET
    background_color: str | UnsetType | None = UNSET
    language: str | UnsetType | None = UNSET
    return_url: str | UnsetType | None = UNSET
    logo_url: str | UnsetType | None = UNSET
    embed_origins: Sequence[str] | UnsetType | None = UNSET


async def read(context: Context, org_id: str) -> Branding:
    """Read how an organization looks."""
    return await context.database.read(lambda snapshot: branding_table.get(snapshot, org_id))


async def change(
    context: Context,
    logos: LogoFetcher,
    org_id: str,
    requested: BrandingChange,
    *,
    precondition: Precondition = ANY_STATE,
) -> Branding:
    """Change what is given. A new logo is fetched before anything is stored, and gets a new name.

    Raises InvalidInput naming the member at fault, with the code `logo_unusable` for a logo that cannot be fetched or
    used; FetchFailed where the fault is our own; TooManyRequests and Retryable where too many logos are fetched;
    PreconditionFailed where the branding is in another state than `precondition` says.
    """
    values: dict[str, Any] = {
        name: value if value is UNSET or value is None else validate(value)
        for name, value, validate in (
            ("name", requested.name, lambda text: validate_name(text, subject="organization")),
            ("primary_color", requested.primary_color, lambda text: validate_color("primaryColor", text)),
            ("background_color", requested.background_color, lambda text: validate_color("backgroundColor", text)),
            ("language", requested.language, validate_language),
            ("return_url", requested.return_url, validate_return_url),
        )
    }
    if not isinstance(requested.embed_origins, UnsetType):
        values["embed_origins"] = validate_embed_origins(requested.embed_origins or ())
    logo: Logo | None = None
    if isinstance(requested.logo_url, str):
        logo = await logos.fetch(org_id, requested.logo_url)
        values["logo_id"] = context.random_bytes(16).hex()
    elif requested.logo_url is None:
        values["logo_id"] = None
    changes = {name: value for name, value in values.items() if value is not UNSET}

    def unit(tx: Transaction) -> Branding:
        stored = branding_table.get(tx, org_id)
        precondition.check(stored.entity_tag, say("the_branding"))
        branding = replace(stored, **changes)
        if logo is not None and branding.logo_id is not None:
            branding_table.replace_logo(tx, org_id, branding.logo_id, logo, context.now())
        elif "logo_id" in changes:
            branding_table.remove_logo(tx, org_id)
        branding_table.put(tx, org_id, branding, context.now())
        audit.record_difference(
            context, tx, org_id, AuditAction.BRANDING_CHANGED, org_id, _describe(stored), _describe(branding)
        )
        return branding

    return await context.database.write(unit)


async def find_logo(context: Context, logo_id: str) -> Logo:
    """Find a logo by its name. Raises NotFound."""
    logo = await context.database.read(lambda snapshot: branding_table.find_logo(snapshot, logo_id))
    if logo is None:
        raise NotFound(word("logo_unknown"))
    return logo


def _describe(branding: Branding) -> dict[str, Any]:
    """Return what an audit shows of a branding."""
    return {
        "name": branding.name,
        "primaryColor": branding.primary_color,
        "backgroundColor": branding.background_color,
        "language": branding.language,
        "returnUrl": branding.return_url,
        "logoId": branding.logo_id,
        "embedOrigins": list(branding.embed_origins),
    }
