"""The colours of a page that has an organization's branding, so that every text on it can be read.

Contrast is that of WCAG 2.2: 4.5 for text (success criterion 1.4.3), 3 for what surrounds it (1.4.11).
"""

from collections.abc import Collection
from typing import Final

from msgspec import Struct

TEXT_CONTRAST: Final = 4.5
_BLACK: Final = "#000000"
_SOFT_BLACK: Final = "#16181d"
_FAR: Final = 7.0
_WHITE: Final = "#ffffff"
_DARK_PAGE: Final = "#14161a"
_DEFAULT_BRAND: Final = "#1f5fbf"
_GOOD: Final = "#10743b"
_BAD: Final = "#b3261e"
_NOTE: Final = "#8a5a00"
_QUIET_SHARE: Final = 0.3
_STEPS: Final = 20
_CARD_SHARE: Final = 0.04

_Rgb = tuple[int, int, int]


class Palette(Struct, frozen=True, kw_only=True):
    """Colours as `#rrggbb`. page, card, text: behind and of plain text. brand, on_brand: of buttons, and of their text.

    link, good, bad, note: colours of text, darkened or lightened until they can be read on the page and on cards;
    quiet: a text that stands back.
    """

    page: str
    card: str
    text: str
    brand: str
    on_brand: str
    link: str
    quiet: str
    good: str
    bad: str
    note: str


def build_palettes(primary: str | None, background: str | None) -> tuple[Palette, Palette]:
    """Return the palettes for light and for dark schemes. A dark background is that of both."""
    light_page = background or _WHITE
    dark_page = light_page if background is not None and _choose_text(light_page) == _WHITE else _DARK_PAGE
    brand = primary or _DEFAULT_BRAND
    return _build(light_page, brand), _build(dark_page, brand)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(_parse(one)), _luminance(_parse(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _build(page: str, brand: str) -> Palette:
    text = _choose_text(page)
    card = _choose_card(page, text)
    grounds = (page, card)
    return Palette(
        page=page,
        card=card,
        text=text,
        brand=brand,
        on_brand=_choose_text(brand),
        link=_make_readable(brand, text, grounds),
        quiet=_make_readable(_format(_mix(_parse(text), _parse(page), _QUIET_SHARE)), text, grounds),
        good=_make_readable(_GOOD, text, grounds),
        bad=_make_readable(_BAD, text, grounds),
        note=_make_readable(_NOTE, text, grounds),
    )


def _choose_card(page: str, text: str) -> str:
    """Choose what stands out a little from the page, as far as text can still be read on it."""
    card = _format(_mix(_parse(page), _parse(text), _CARD_SHARE))
    return card if contrast(text, card) >= TEXT_CONTRAST else page


def _choose_text(background: str) -> str:
    """Choose the softer black where it is far from the background; only the full one or white reach 4.5 on any."""
    if contrast(_SOFT_BLACK, background) >= _FAR:
        return _SOFT_BLACK
    return max((_BLACK, _WHITE), key=lambda color: contrast(color, background))


def _make_readable(color: str, text: str, grounds: Collection[str]) -> str:
    """Move a colour towards the text's until it can be read on all grounds."""
    start, aim = _parse(color), _parse(text)
    for step in range(_STEPS):
        mixed = _format(_mix(start, aim, step / _STEPS))
        if all(contrast(mixed, ground) >= TEXT_CONTRAST for ground in grounds):
            return mixed
    return text


def _mix(one: _Rgb, other: _Rgb, share: float) -> _Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _luminance(color: _Rgb) -> float:
    """Return the relative luminance of an sRGB colour, as WCAG defines it."""
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (value / 255 for value in color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parse(color: str) -> _Rgb:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _format(color: _Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
