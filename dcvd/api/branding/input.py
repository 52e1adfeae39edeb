"""What a call says about the branding."""

from msgspec import UNSET, Struct, UnsetType

from dcvd.services.branding import BrandingChange


class BrandingPatch(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to change: what is absent stays, null unsets it. `logoUrl`: from where the logo is fetched, once."""

    name: str | UnsetType | None = UNSET
    primary_color: str | UnsetType | None = UNSET
    background_color: str | UnsetType | None = UNSET
    language: str | UnsetType | None = UNSET
    return_url: str | UnsetType | None = UNSET
    logo_url: str | UnsetType | None = UNSET
    embed_origins: tuple[str, ...] | UnsetType | None = UNSET

    @property
    def change(self) -> BrandingChange:
        """The change that is asked for."""
        return BrandingChange(
            name=self.name,
            primary_color=self.primary_color,
            background_color=self.background_color,
            language=self.language,
            return_url=self.return_url,
            logo_url=self.logo_url,
            embed_origins=self.embed_origins,
        )
