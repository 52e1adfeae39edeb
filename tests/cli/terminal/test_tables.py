from hypothesis import given
from hypothesis import strategies as st

from dcvd.cli.terminal.tables import format_facts, format_instant, format_table

CELLS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1).map(lambda cell: f"|{cell}|")


def test_columns_stand_below_their_headings() -> None:
    assert format_table(("name", "id"), [("Acme", "org_1"), ("B", "org_2")]) == "NAME  ID\nAcme  org_1\nB     org_2"


def test_wide_characters_take_two_columns_and_combining_ones_none() -> None:
    lines = format_table(("name", "id"), [("日本", "1"), ("e\u0301", "2")]).splitlines()
    assert lines == ["NAME  ID", "日本  1", "e\u0301     2"]


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1))
def test_every_row_begins_its_second_column_where_the_heading_does(rows: list[tuple[str, str]]) -> None:
    head, *lines = format_table(("a", "b"), rows).splitlines()
    column = head.index("B")
    for line, (first, second) in zip(lines, rows, strict=True):
        assert line[:column].rstrip() == first
        assert line[column:] == second


def test_facts_are_aligned() -> None:
    assert format_facts([("Name", "ci"), ("Organization", "Acme")]) == "Name          ci\nOrganization  Acme"


def test_an_instant_for_eyes_is_to_the_minute_in_utc() -> None:
    assert format_instant("2026-01-15T12:30:59.123+02:00", missing="never") == "2026-01-15 10:30 UTC"
    assert format_instant(None, missing="never") == "never"


def test_a_table_that_is_wider_than_the_terminal_is_blocks_of_facts() -> None:
    rows = [("ns1.customer.com", "no such name", ""), ("ns2.customer.com", "CNAME edge.saas.net", "300")]
    assert format_table(("server", "answer", "ttl"), rows, 60).startswith("SERVER ")
    assert format_table(("server", "answer", "ttl"), rows, 40).splitlines() == [
        "Server  ns1.customer.com",
        "Answer  no such name",
        "",
        "Server  ns2.customer.com",
        "Answer  CNAME edge.saas.net",
        "Ttl     300",
    ]
