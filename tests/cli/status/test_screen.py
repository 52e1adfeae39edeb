"""The overview on one screen: it fits, the worst comes first, and each problem says what to do."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from dcvd.cli.status.screen import MAX_LINES, format_screen
from dcvd.cli.terminal.text import measure_width
from dcvd.core.system.overview import SystemOverview
from tests.cli.status.overviews import quiet, troubled, with_problems


def text_of(overview: SystemOverview, width: int) -> list[str]:
    return [line.text for line in format_screen(overview, width)]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("make", [quiet, troubled, lambda: with_problems(50)])
def test_it_fits_one_screen_of_any_width(make: Callable[[], SystemOverview], width: int) -> None:
    lines = text_of(make(), width)
    assert max(map(measure_width, lines)) <= width
    assert len(lines) <= MAX_LINES
    assert all(line.isprintable() for line in lines)


def test_where_all_is_well_it_says_so_and_shows_the_facts() -> None:
    assert text_of(quiet(), 60) == [
        "dcvd 1.2.3 is well",
        "Serving for 2 h as process 4711, at http://127.0.0.1:8080",
        "",
        "Domains     500 of 500 ready · 500 active",
        "Waiting for nobody: none waits",
        "Broken      0 served and do not now",
        "Expiring    7 d 0 · 14 d 0 · 30 d 3 · expired 0 · overdue 0",
        "Cloudflare  token active · zone well",
        "            500 of 5,000 hostnames (5 min ago)",
        "Budget      1,190 of 1,200 requests · 15 of 15 certificates",
        "            0 calls wait · 0 to register",
        "Checks      none is due",
        "Deliveries  0 to send · 0 behind others · 0 held · 0 dead",
        "Jobs        0 to do · 0 dead",
        "Webhooks    7 healthy · 0 failing · 0 paused · 0 disabled",
        "Disk        50 GiB free · database 1.2 GiB · log 3.0 MiB",
        "            +12 MiB a day",
        "Backup      the last 1 h ago",
        "Clock       right · confirmed",
        "Parts       ok · all 1 work",
        "Alerts      mail to 2",
        "Stored      the last change 3 s ago",
    ]


@pytest.mark.parametrize("width", [60, 100])
def test_the_worst_comes_first_and_each_line_of_trouble_says_what_to_do(width: int) -> None:
    lines = text_of(troubled(), width)
    assert lines[0].startswith("dcvd 1.2.3 needs you: ")
    problems = lines[3 : lines.index("", 3)]
    marks = [line[0] for line in problems if line[0] != " "]
    assert marks == sorted(marks, key="!~-".index)
    assert marks.count("!") == 3, "two faults of the zone, and the resolvers"
    for at, line in enumerate(problems):
        if line[0] in "!~-":
            assert any(each.startswith("  > ") for each in problems[at + 1 : at + 4]), line
    assert problems[-1].startswith("  and "), "those for which there is no room are counted"


def test_what_others_wrote_moves_no_cursor() -> None:
    overview = replace(quiet(), endpoints=troubled().endpoints)
    assert any("\\x1b[2J" in line for line in text_of(overview, 120))


def test_problems_beyond_the_screen_are_counted() -> None:
    lines = text_of(with_problems(50), 60)
    shown = sum(line.startswith("! Problem") for line in lines)
    assert f"  and {50 - shown} more: dcvd status --json has all." in lines
