import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.durations import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("0s", 0), ("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("4h", 14_400_000), ("90d", 7_776_000_000)],
)
def test_a_duration_is_an_integer_and_a_unit(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "size"), [("0B", 0), ("512B", 512), ("64KiB", 65_536), ("1MiB", 1_048_576), ("2GiB", 2_147_483_648)]
)
def test_a_size_is_an_integer_and_a_binary_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "s",
        "-1s",
        "+1s",
        "1.5s",
        "30 s",
        " 30s",
        "30s ",
        "30s\n",
        "30S",
        "1h30m",
        "1w",
        "٣s",
        "1e3s",
        "1_000s",
    ],
)
def test_anything_else_is_no_duration_and_the_sentence_quotes_it(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration(text)
    assert f'"{text}"' in str(caught.value)
    assert "ms, s, m, h, d" in str(caught.value)


@pytest.mark.parametrize("text", ["", "1", "1kB", "1MB", "1M", "1mib", "1 MiB", "-1B", "1.5MiB", "1TiB"])
def test_anything_else_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="B, KiB, MiB, GiB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0s"),
        (1, "1ms"),
        (1_000, "1s"),
        (90_000, "90s"),
        (86_400_000, "1d"),
        (90_000_000, "25h"),
        (61_001, "61001ms"),
    ],
)
def test_a_duration_is_written_in_its_largest_exact_unit(milliseconds: int, text: str) -> None:
    assert format_duration(milliseconds) == text


def test_nothing_negative_is_written() -> None:
    with pytest.raises(ValueError, match="negative"):
        format_duration(-1)
    with pytest.raises(ValueError, match="negative"):
        format_size(-1)


@given(st.integers(0, 999_999_999))
def test_every_count_of_milliseconds_comes_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds)) == milliseconds


@given(st.integers(0, 999_999_999), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_whatever_can_be_parsed_comes_back_and_fits_the_database(count: int, unit: str) -> None:
    milliseconds = parse_duration(f"{count}{unit}")
    assert parse_duration(format_duration(milliseconds)) == milliseconds
    assert len(format_duration(milliseconds)) <= len(f"{count}{unit}") or milliseconds == 0
    assert milliseconds < 2**63


@given(st.integers(0, 999_999_999), st.sampled_from(["B", "KiB", "MiB", "GiB"]))
def test_whatever_can_be_parsed_as_a_size_comes_back(count: int, unit: str) -> None:
    size = parse_size(f"{count}{unit}")
    assert parse_size(format_size(size)) == size


@given(st.text(max_size=12).filter(lambda text: not text[:1].isascii() or not text[:1].isdigit()))
def test_text_that_does_not_start_with_a_digit_is_refused_by_a_sentence(text: str) -> None:
    for parse in (parse_duration, parse_size):
        with pytest.raises(ValueError, match=r"cannot be read: a (duration|size) is an integer and one of"):
            parse(text)
