"""Whatever colours an organization has, its pages can be read."""

from hypothesis import example, given
from hypothesis import strategies as st

from dcvd.core.branding.palette import TEXT_CONTRAST, build_palettes, contrast

COLOR = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(primary=st.none() | COLOR, background=st.none() | COLOR)
@example(primary="#7a7a7a", background="#7b7b7b")  # as far from black as from white
def test_every_text_has_the_contrast_that_wcag_asks_for(primary: str | None, background: str | None) -> None:
    for palette in build_palettes(primary, background):
        for color in (palette.text, palette.link, palette.quiet, palette.good, palette.bad, palette.note):
            assert contrast(color, palette.page) >= TEXT_CONTRAST
            assert contrast(color, palette.card) >= TEXT_CONTRAST
        assert contrast(palette.on_brand, palette.brand) >= TEXT_CONTRAST


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#777777", "#777777") == 1
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54  # the lightest grey that WCAG's examples allow on white


def test_a_brand_that_can_be_read_stays_as_it_is() -> None:
    light, _ = build_palettes("#0b4f9e", "#ffffff")
    assert (light.brand, light.link, light.page) == ("#0b4f9e", "#0b4f9e", "#ffffff")


def test_a_light_background_is_not_that_of_dark_schemes_and_a_dark_one_is() -> None:
    _, dark = build_palettes(None, "#fdf6e3")
    assert dark.text == "#ffffff"
    light, dark = build_palettes(None, "#101820")
    assert light.page == dark.page == "#101820"
