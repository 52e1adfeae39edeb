"""How the colours of an organization look, and what contrast its customers have to read by."""

from typing import Final

from msgspec import Struct

from dcvd.core.branding.palette import Palette, build_palettes, contrast

_PARTS: Final = ("branding_part_text", "branding_part_link", "branding_part_button")


class Contrast(Struct, frozen=True):
    """The contrast of a part of the page; words: the id of what the part is called."""

    words: str
    ratio: str


class Preview(Struct, frozen=True, kw_only=True):
    """A page in the colours of a scheme.

    scheme: `light` or `dark`. replaced: the colour that was asked for, where links have another so that they can be
    read; None where they have it.
    """

    scheme: str
    palette: Palette
    contrasts: tuple[Contrast, ...]
    replaced: str | None


def build_preview(primary: str | None, background: str | None) -> list[Preview]:
    """Return what customers see in light and in dark schemes."""
    return [
        Preview(
            scheme=scheme,
            palette=palette,
            contrasts=_measure(palette),
            replaced=palette.brand if palette.link != palette.brand else None,
        )
        for scheme, palette in zip(("light", "dark"), build_palettes(primary, background), strict=True)
    ]


def _measure(palette: Palette) -> tuple[Contrast, ...]:
    pairs = ((palette.text, palette.page), (palette.link, palette.page), (palette.on_brand, palette.brand))
    ratios = [contrast(one, other) for one, other in pairs]
    return tuple(Contrast(words, f"{ratio:.1f}") for words, ratio in zip(_PARTS, ratios, strict=True))
