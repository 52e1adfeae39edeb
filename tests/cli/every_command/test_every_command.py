"""Every command, with the daemon up, down, silent, and not for this user; as text at 60 and 120 columns, as JSON."""

import re

import click
import msgspec
import pytest

from dcvd.cli.main import commands
from dcvd.cli.terminal.text import measure_width
from tests.cli.every_command.commands import UNTRIED, TriedCommand, collect_commands
from tests.cli.every_command.place import Place
from tests.cli.terminal.terminals import TerminalRun

COMMANDS = collect_commands()
ASKING = [each for each in COMMANDS if not each.is_local]
COLUMNS = (60, 120)
_COLOUR = re.compile(r"\x1b\[\d*m")
_RAW_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_MOST = 12
"""The suite runs every twelfth, the sweeps all."""


def _list_paths(group: click.Group, before: tuple[str, ...] = ()) -> list[str]:
    context = click.Context(group)
    paths = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        path = (*before, name)
        paths += _list_paths(command, path) if isinstance(command, click.Group) else [" ".join(path)]
    return paths


def _is_untried(path: str) -> bool:
    return any(f"{path} ".startswith(f"{each} ") for each in UNTRIED)


def test_every_command_is_tried_or_says_why_not() -> None:
    paths = [path for path in _list_paths(commands) if not _is_untried(path)]
    left = [path for path in paths if not any(each.is_of(path) for each in COMMANDS)]
    assert left == [], "add a line to tests/cli/every_command/<subject>_commands.py for each"
    assert [each for each in COMMANDS if not any(each.is_of(path) for path in paths)] == [], "these are no commands"


def check_text(run: TerminalRun, tried: TriedCommand, columns: int) -> None:
    """What a person reads fits, and nothing of it controls the terminal."""
    plain = _COLOUR.sub("", run.text)
    assert not _RAW_CONTROL.search(plain)
    assert "fault in dcvd" not in run.stderr
    if not tried.is_prose:
        for line in plain.splitlines():
            assert measure_width(line) <= columns or " " not in line.strip(), f"too wide for {columns}: {line}"


def check_json(run: TerminalRun) -> None:
    """A program reads one line of JSON, and nothing beside it."""
    assert run.stderr == ""
    # Not by `splitlines`: the text of a test event holds U+2028, which ends a line for Python alone.
    assert run.text.count("\n") == 1
    assert isinstance(msgspec.json.decode(run.text), dict)


def check_failure(run: TerminalRun, *, as_json: bool, codes: set[str]) -> None:
    """A failure is told on standard error: in sentences, or as one line of JSON with its code."""
    assert (run.code, run.text) == (1, "")
    if as_json:
        error = msgspec.json.decode(run.stderr)["error"]
        assert error["code"] in codes
        assert error["message"].endswith(".")
    else:
        assert run.stderr.endswith(".\n")
        assert "fault in dcvd" not in run.stderr


def check_success(place: Place, tried: TriedCommand) -> None:
    for columns in COLUMNS:
        run = place.run(tried, columns=columns)
        assert run.code == tried.code, run
        check_text(run, tried, columns)
    if tried.has_json:
        run = place.run(tried, columns=COLUMNS[0], as_json=True)
        assert run.code == tried.code, run
        check_json(run)


def check_unusable(place: Place, tried: TriedCommand, code: str) -> None:
    for columns in COLUMNS:
        check_failure(place.run(tried, columns=columns), as_json=False, codes=set())
    if tried.has_json:
        check_failure(place.run(tried, columns=COLUMNS[0], as_json=True), as_json=True, codes={code})


@pytest.mark.sampled(_MOST)
@pytest.mark.parametrize("tried", COMMANDS, ids=str)
def test_with_a_daemon(up: Place, tried: TriedCommand) -> None:
    check_success(up, tried)


@pytest.mark.sampled(_MOST)
@pytest.mark.parametrize("tried", COMMANDS, ids=str)
def test_without_a_daemon(down: Place, tried: TriedCommand) -> None:
    if tried.needs_daemon:
        check_unusable(down, tried, "daemon_needed")
    else:
        check_success(down, tried)


@pytest.mark.sampled(_MOST)
@pytest.mark.parametrize("tried", ASKING, ids=str)
def test_with_a_daemon_that_does_not_answer(silent: Place, tried: TriedCommand) -> None:
    check_unusable(silent, tried, "daemon_unreachable")


@pytest.mark.sampled(_MOST)
@pytest.mark.parametrize("tried", ASKING, ids=str)
def test_with_a_daemon_that_is_not_for_this_user(forbidden: Place, tried: TriedCommand) -> None:
    check_unusable(forbidden, tried, "forbidden")
