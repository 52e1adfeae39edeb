"""Lists on terminals of several widths, in pipes, for programs."""

import re
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from msgspec import Struct

from dcvd.cli.extents import Listed
from dcvd.cli.operations import Operations
from dcvd.cli.terminal.columns import Age, Column
from dcvd.cli.terminal.lists import describe_more, format_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.screen import Screen
from dcvd.cli.terminal.style import TerminalStyle
from dcvd.cli.terminal.text import measure_width
from dcvd.core.instants import HOUR, from_rfc3339
from dcvd.core.tokens.token import Role
from tests.cli.processes import House
from tests.cli.terminal.terminals import run_in_terminal

CREATED = "2026-01-15T10:30:00Z"
NOW = from_rfc3339(CREATED) + 3 * HOUR
ID = "dom_" + "0" * 26


class Row(Struct):
    id: str
    name: str
    reason: str = ""


COLUMNS = (
    Column[Row](heading="name", cell=lambda each: each.name, shortest=20),
    Column[Row](heading="id", cell=lambda each: each.id, gives_way=2),
    Column[Row](heading="reason", cell=lambda each: each.reason, shortest=20, tone=lambda _: "bad"),
    Column[Row](heading="created", cell=lambda _: Age(CREATED), gives_way=1),
    Column[Row](heading="note", cell=lambda _: "for the curious", only_wide=True),
)
ROWS = [
    Row(ID, "app.customer.com", "cname_missing"),
    Row(ID, "日本語ドメイン名の例" * 2, "the record points elsewhere, to a host of another service"),
    Row(ID, "\x1b[2J\u202eevil", ""),
]


def screen(width: int | None, *, colours: bool = False) -> Screen:
    return Screen(width, None if width is None else 24, TerminalStyle(colours=colours))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = format_list(ROWS, COLUMNS, screen(width), now=NOW).splitlines()
    assert len(lines) == 1 + len(ROWS)
    assert max(map(measure_width, lines)) <= width
    assert {name for name in ("ID", "CREATED") if name in lines[0]} == {60: set(), 80: {"ID"}, 120: {"ID", "CREATED"}}[
        width
    ]


def test_columns_stand_below_each_other_whatever_stands_in_them() -> None:
    head, *lines = format_list(ROWS, COLUMNS, screen(120), now=NOW).splitlines()
    start = measure_width(head[: head.index("ID")])
    assert [measure_width(line[: line.index(ID)]) for line in lines] == [start] * len(ROWS)


def test_a_pipe_gets_everything_whole_and_without_colours() -> None:
    text = format_list(ROWS, COLUMNS, screen(None), now=NOW)
    assert ROWS[1].reason in text
    assert "…" not in text
    assert "\x1b" not in text
    assert "\\x1b[2J\\u202eevil" in text


def test_colours_change_no_position() -> None:
    plain = format_list(ROWS, COLUMNS, screen(120), now=NOW)
    coloured = format_list(ROWS, COLUMNS, screen(120, colours=True), now=NOW)
    assert re.sub(r"\x1b\[\d*m", "", coloured) == plain != coloured


def test_a_wide_list_has_every_column_and_instants_instead_of_ages() -> None:
    head, first, *_ = format_list(ROWS[:1], COLUMNS, screen(None), now=NOW, is_wide=True).splitlines()
    assert head.split() == ["NAME", "ID", "REASON", "CREATED", "NOTE"]
    assert "2026-01-15 10:30 UTC  for the curious" in first
    assert "3 h ago" in format_list(ROWS[:1], COLUMNS, screen(None), now=NOW)


@pytest.mark.parametrize("total", [3, 450, 5_000, 99_999])
def test_what_is_said_of_more_fits_a_narrow_terminal_whatever_their_number(total: int) -> None:
    output = ListOutput(limit=50)
    for is_exact in (True, False):
        assert len(describe_more(Listed([1] * 50, total, is_exact=is_exact), output)) <= 60


def test_a_wide_row_that_does_not_fit_becomes_a_block_of_facts() -> None:
    text = format_list(ROWS, COLUMNS, screen(60), now=NOW, is_wide=True)
    assert max(map(measure_width, text.splitlines())) <= 60
    first, second, _ = text.split("\n\n")
    assert first.splitlines()[:2] == ["Name     app.customer.com", f"Id       {ID}"]
    assert "another\n" in second


def test_a_block_of_facts_keeps_the_capitals_of_names_and_abbreviations() -> None:
    columns = [Column[Row](heading=heading, cell=lambda _: "x" * 40) for heading in ("DNS", "at Cloudflare")]
    text = format_list(ROWS[:1], columns, screen(60), now=NOW, is_wide=True)
    assert [line.split("  ")[0] for line in text.splitlines()] == ["DNS", "At Cloudflare"]


def test_what_is_left_out_is_counted_and_the_way_to_it_is_said() -> None:
    output = ListOutput(limit=50)
    assert describe_more(Listed([1] * 50, 462), output) == ("462 more of 512: use --all, or a higher --limit.")
    assert describe_more(Listed([1] * 50, 1000, is_exact=False), output) == (
        "More than 1,000 more: use --all, or a --limit above 50."
    )


async def _mint(operations: Operations) -> str:
    acme = await operations.create_organization(f"Acme {uuid4().hex[:8]}")
    for name in ("ci", "a name that is so long that no terminal has room for it", "third"):
        await operations.create_token(acme.id, name=name, role=Role.MEMBER, expires_at=None)
    return acme.id


@pytest.fixture
def acme(served: House) -> str:
    """An organization with three tokens."""
    return served.given(_mint)


@pytest.fixture
def listing(served: House, acme: str) -> list[str]:
    return ["token", "list", "--org", acme, "--config", str(served.config)]


def test_a_terminal_shows_colours_unless_they_are_not_wanted(served: House, acme: str) -> None:
    served.json("org", "suspend", acme)
    command = ("org", "list", "--config", str(served.config))
    assert "\x1b[33msuspended\x1b[0m" in run_in_terminal(*command, columns=120).text
    assert "\x1b" not in run_in_terminal(*command, columns=120, environ={"NO_COLOR": "1"}).text
    assert "\x1b" not in served.dcvd("org", "list").stdout


def test_the_terminal_itself_or_columns_says_how_wide_it_is(listing: list[str]) -> None:
    assert max(map(len, run_in_terminal(*listing, columns=60).lines)) <= 60
    assert max(map(len, run_in_terminal(*listing, columns=60, environ={"COLUMNS": "120"}).lines)) > 60


def test_the_first_are_shown_and_the_others_are_spoken_of_on_standard_error(
    served: House, acme: str, listing: list[str]
) -> None:
    shown = run_in_terminal(*listing, "--limit", "1", columns=80)
    assert (len(shown.lines), shown.stderr) == (2, "2 more of 3: use --all, or a higher --limit.\n")
    assert len(run_in_terminal(*listing, "--all", columns=80).lines) == 4
    both = served.dcvd("token", "list", "--org", acme, "--all", "--limit", "1")
    assert (both.returncode, "exclude each other" in both.stderr) == (2, True)


def test_programs_learn_from_the_json_that_there_is_more(served: House, acme: str, listing: list[str]) -> None:
    first = served.json("token", "list", "--org", acme, "--limit", "1")
    assert ([each["name"] for each in first["tokens"]], first["hasMore"]) == (["third"], True)
    whole = served.dcvd("token", "list", "--org", acme, "-o", "json")
    assert list(msgspec.json.decode(whole.stdout)) == ["tokens"]


def test_a_list_that_is_longer_than_the_terminal_goes_through_the_pager(listing: list[str], tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\nsed 's/^/page: /'\n")
    pager.chmod(0o755)
    environ = {"PAGER": str(pager)}
    low = run_in_terminal(*listing, columns=80, lines=3, environ=environ)
    assert [line[:6] for line in low.lines] == ["page: "] * 4
    assert "page: " not in run_in_terminal(*listing, columns=80, lines=24, environ=environ).text
    assert "page: " not in run_in_terminal(*listing, "--no-pager", columns=80, lines=3, environ=environ).text


@pytest.mark.parametrize("asked", [["--json"], ["-o", "json"], ["-ojson"], ["--output=json"], ["--output", "json"]])
def test_a_failure_is_json_wherever_json_was_asked_for(served: House, asked: list[str]) -> None:
    done = served.dcvd("token", "list", "--org", "Nobody", *asked)
    assert msgspec.json.decode(done.stderr)["error"]["code"]
    assert done.stdout == ""


@pytest.mark.parametrize("width", [60, 120])
def test_a_column_that_wraps_goes_on_below_itself_and_loses_nothing(width: int) -> None:
    told = "A check found something new: the record of the name is there, and leads to the target that it should have."
    columns = (
        Column[Row](heading="name", cell=lambda each: each.name),
        Column[Row](heading="reason", cell=lambda each: each.reason, shortest=20, wraps=True),
    )
    text = format_list(
        [Row(ID, "app.customer.com", told), Row(ID, "b.customer.com", "")], columns, screen(width), now=NOW
    )
    _, *lines = text.splitlines()
    assert max(map(measure_width, lines)) <= width
    assert " ".join(" ".join(lines).split()) == f"app.customer.com {told} b.customer.com"
    assert all(line.startswith(" " * 18) for line in lines[1:-1])
