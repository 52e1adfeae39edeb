"""The colours of a page that has an organization's branding, so that every text on it can be read.

Contrast is that of WCAG 2.2: 4.5 for text (success criterion 1.4.3), 3 for what surrounds it (1.4.11).
"""

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
_MARGIN: Final = 0.6
"""Beyond the contrast that is needed: texts also stand on cards, which differ a little from the page."""

_Rgb = tuple[int, int, int]


class Palette(Struct, frozen=True, kw_only=True):
    """Colours as `#rrggbb`. page, text: behind and of plain text. brand, on_brand: of buttons, and of text on them.

    link, good, bad, note: colours of text, darkened or lightened until they can be read on the page; quiet: a text that
    stands back.
    """

    page: str
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
    return Palette(
        page=page,
        text=text,
        brand=brand,
        on_brand=_choose_text(brand),
        link=_make_readable(brand, page),
        quiet=_make_readable(_format(_mix(_parse(text), _parse(page), _QUIET_SHARE)), page),
        good=_make_readable(_GOOD, page),
        bad=_make_readable(_BAD, page),
        note=_make_readable(_NOTE, page),
    )


def _choose_text(background: str) -> str:
    """Choose the softer black where it is far from the background; only the full one or white reach 4.5 on any."""
    if contrast(_SOFT_BLACK, background) >= _FAR:
        return _SOFT_BLACK
    return max((_BLACK, _WHITE), key=lambda color: contrast(color, background))


def _make_readable(color: str, background: str) -> str:
    """Move a colour towards the text's until it can be read on a background."""
    aim = _parse(_choose_text(background))
    start = _parse(color)
    for step in range(_STEPS + 1):
        mixed = _format(_mix(start, aim, step / _STEPS))
        if contrast(mixed, background) >= TEXT_CONTRAST + _MARGIN:
            return mixed
    return _format(aim)


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
