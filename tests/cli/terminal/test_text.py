from hypothesis import given
from hypothesis import strategies as st

from dcvd.cli.terminal.text import make_harmless, measure_width, shorten, wrap


def test_wide_characters_take_two_columns_and_combining_or_invisible_ones_none() -> None:
    assert measure_width("日本") == 4
    assert measure_width("e\u0301") == 1
    assert measure_width("a\u200db\u200b") == 2
    assert measure_width("\u1112\u1161\u11ab") == 2  # 한 in its three parts


def test_what_moves_a_cursor_or_turns_a_line_around_is_shown_as_its_escape() -> None:
    assert make_harmless("a\x1b[2Jb\n\u202ecom\u2028\udcff\x7f\x9b") == (
        "a\\x1b[2Jb\\x0a\\u202ecom\\u2028\\udcff\\x7f\\x9b"
    )
    assert make_harmless("日本 é straße") == "日本 é straße"


@given(st.text(), st.integers(1, 30))
def test_a_shortened_text_is_never_wider_than_asked_and_ends_with_an_ellipsis(text: str, width: int) -> None:
    short = shorten(text, width)
    assert measure_width(short) <= width
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_an_accent_stays_with_its_letter() -> None:
    assert shorten("ae\u0301bc", 3) == "ae\u0301…"


@given(st.text("ab 日\n", max_size=80), st.integers(4, 20))
def test_wrapping_loses_no_word_and_fits_wherever_each_word_does(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert " ".join(lines).split() == text.split()
    for line in lines:
        assert measure_width(line) <= width or len(line.split()) == 1


def test_a_long_word_stays_whole_so_that_it_can_be_copied() -> None:
    assert wrap("Create dom_01k2j3k4l5m6n7 now", 10) == ["Create", "dom_01k2j3k4l5m6n7", "now"]
