"""How a body of lines is cut up."""

from codecs import BOM_UTF8
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from dcvd.http.bodies.ndjson import LineReader, RawLine

texts = st.lists(st.binary(max_size=12).filter(lambda text: b"\n" not in text), max_size=8)


def _read(pieces: list[bytes], reader: LineReader | None = None) -> list[RawLine]:
    reader = reader or LineReader()
    found = [line for piece in pieces for line in reader.feed(piece)]
    return found + reader.end()


def _told(lines: list[RawLine]) -> list[tuple[int, bytes | str]]:
    return [(line.number, line.content if line.fault is None else line.fault.code) for line in lines]


def _clean(line: bytes, number: int) -> bytes:
    content = line.strip(b" \t\r")
    return content.removeprefix(BOM_UTF8) if number == 1 else content


@example(lines=[BOM_UTF8, BOM_UTF8], cuts=[1], ended=False)
@given(lines=texts, cuts=st.lists(st.integers(0, 100), max_size=6), ended=st.booleans())
def test_however_a_body_is_cut_into_pieces_its_lines_are_the_same(
    lines: list[bytes], cuts: list[int], ended: bool
) -> None:
    body = b"\n".join(lines) + (b"\n" if ended else b"")
    edges = sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
    pieces = [body[start:end] for start, end in pairwise(edges)]
    expected = [(number, _clean(line, number)) for number, line in enumerate(lines, 1) if _clean(line, number)]
    assert _told(_read(pieces)) == expected


def test_a_line_too_long_is_refused_alone_and_not_kept() -> None:
    reader = LineReader(longest_line=5)
    assert _told(_read([b"a\n", b"123", b"456", b"7" * 10_000, b"\nb\n"], reader)) == [
        (1, b"a"), (2, "line_too_long"), (3, b"b")
    ]  # fmt: skip
    assert _told(_read([b"12345\n123456"], LineReader(longest_line=5))) == [(1, b"12345"), (2, "line_too_long")]


def test_what_is_beyond_the_last_line_is_not_read() -> None:
    reader = LineReader(most_lines=2)
    assert _told(_read([b"a\nb\nc\nd\n"], reader)) == [(1, b"a"), (2, b"b"), (3, "body_too_large")]
    assert reader.is_full
    assert _told(_read([b"a\nb\n"], LineReader(most_lines=2))) == [(1, b"a"), (2, b"b")]


def test_blank_lines_are_no_way_to_go_on_for_ever() -> None:
    reader = LineReader(most_lines=3)
    assert _told(reader.feed(b"\n" * 10)) == [(4, "body_too_large")]
    assert reader.is_full


def test_an_endless_line_is_no_way_to_go_on_for_ever() -> None:
    reader = LineReader(most_bytes=100)
    assert _told(reader.feed(b"x" * 101)) == [(1, "body_too_large")]
    assert reader.is_full
