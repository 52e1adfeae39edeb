"""The overview as one screen: what needs the operator first, the worst of it at the top, then the facts."""

from collections.abc import Iterator
from typing import Final

from dcvd.cli.status.facts import format_facts
from dcvd.cli.status.lines import Line, choose_problems, format_problem
from dcvd.cli.terminal.text import make_harmless, shorten
from dcvd.core.durations import format_span
from dcvd.core.instants import SECOND
from dcvd.core.system.overview import SystemOverview, Weight

MAX_LINES: Final = 40
"""Of one screen; what is beyond is in `--json`."""
_LEAST_FOR_PROBLEMS: Final = 6
_BLANK_LINES: Final = 2
_EXAMPLES: Final = (3, 1)
"""How many are named of what is in trouble: fewer, and at last none, where the problems need the room."""
_WORDS: Final[dict[Weight, str]] = {"bad": "bad", "warning": "to look at", "note": "to know"}


def format_screen(overview: SystemOverview, width: int) -> list[Line]:
    """Format the overview in lines of at most `width` characters, at most `MAX_LINES` of them."""
    head = [_shorten(line, width) for line in _format_head(overview)]
    formatted = [format_problem(each.weight, each.message, each.advice, width) for each in overview.problems]
    needed = len(head) + sum(map(len, formatted)) + _BLANK_LINES
    choices = (format_facts(overview, width, examples) for examples in _EXAMPLES)
    facts = next((each for each in choices if len(each) + needed <= MAX_LINES), format_facts(overview, width, 0))
    room = max(MAX_LINES - len(head) - len(facts) - _BLANK_LINES, _LEAST_FOR_PROBLEMS)
    problems = choose_problems(formatted, room, width)
    blank = Line("")
    return [*head, blank, *problems, *([blank] if problems else []), *facts][:MAX_LINES]


def _format_head(overview: SystemOverview) -> Iterator[Line]:
    counts = {weight: sum(each.weight == weight for each in overview.problems) for weight in _WORDS}
    found = ", ".join(f"{number} {_WORDS[weight]}" for weight, number in counts.items() if number)
    if overview.needs_operator:
        yield Line(f"dcvd {overview.version} needs you: {found}", "bad" if counts["bad"] else "doubtful")
    else:
        yield Line(f"dcvd {overview.version} is well{f': {found}' if found else ''}", "good")
    daemon = overview.daemon
    if daemon is None:
        yield Line("Read of the database: no daemon runs.", "bad")
        return
    age = format_span(daemon.uptime_seconds * SECOND)
    addresses = ", ".join(daemon.addresses) or daemon.socket
    yield Line(f"Serving for {age} as process {daemon.pid}, at {addresses}")


def _shorten(line: Line, width: int) -> Line:
    return Line(shorten(make_harmless(line.text), width), line.tone)
