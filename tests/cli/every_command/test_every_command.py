"""Every command, with the daemon up, down, silent, and not for this user; as text at 60 and 120 columns, as JSON."""

import re

import click
import msgspec
import pytest

from dcvd.cli.main import commands
from dcvd.cli.terminal.text import measure_width
from tests.cli.every_command.commands import UNTRIED, Failure, TriedCommand, collect_commands
from tests.cli.every_command.place import Place
from tests.cli.terminal.terminals import TerminalRun

COMMANDS = collect_commands()
_COLOUR = re.compile(r"\x1b\[\d*m")
_RAW_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_SAMPLED = 24
"""The suite runs every so many of them in each state, the sweeps all."""


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
    assert "fault in dcvd" not in run.stderr
    plain = _COLOUR.sub("", run.text)
    assert tried.draws or not _RAW_CONTROL.search(plain)
    if not (tried.is_prose or tried.draws):
        for line in plain.splitlines():
            assert measure_width(line) <= columns or " " not in line.strip(), f"too wide for {columns}: {line}"


def check_json(run: TerminalRun) -> None:
    """A program reads one line of JSON, and nothing beside it."""
    assert run.stderr == ""
    # Not by `splitlines`: the text of a test event holds U+2028, which ends a line for Python alone.
    assert run.text.count("\n") == 1
    assert isinstance(msgspec.json.decode(run.text), dict)


def check_failure(run: TerminalRun, expected: Failure, *, as_json: bool) -> None:
    """A failure is told on standard error: in sentences, or as one line of JSON with its code."""
    assert run.code == expected.code, run
    assert expected.comes_late == bool(run.text)
    if as_json:
        error = msgspec.json.decode(run.stderr)["error"]
        assert error["code"] == expected.error
        assert error["message"].endswith(".")
    else:
        assert run.stderr.endswith(".\n")
        assert "fault in dcvd" not in run.stderr


def check_command(place: Place, tried: TriedCommand) -> None:
    """As text in terminals of both widths, and as JSON."""
    expected = tried.outcomes[place.state]
    for columns, as_json in ((60, False), (120, False), (60, True)):
        if as_json and not tried.has_json:
            continue
        run = place.run(tried, columns=columns, as_json=as_json)
        if isinstance(expected, Failure):
            check_failure(run, expected, as_json=as_json)
            continue
        assert run.code == expected, run
        check_json(run) if as_json else check_text(run, tried, columns)


@pytest.mark.sampled(_SAMPLED)
@pytest.mark.parametrize("tried", COMMANDS, ids=str)
def test_with_a_daemon(up: Place, tried: TriedCommand) -> None:
    check_command(up, tried)


@pytest.mark.sampled(_SAMPLED)
@pytest.mark.parametrize("tried", COMMANDS, ids=str)
def test_without_a_daemon(down: Place, tried: TriedCommand) -> None:
    check_command(down, tried)


@pytest.mark.sampled(_SAMPLED)
@pytest.mark.parametrize("tried", COMMANDS, ids=str)
def test_with_a_daemon_that_does_not_answer(silent: Place, tried: TriedCommand) -> None:
    check_command(silent, tried)


@pytest.mark.sampled(_SAMPLED)
@pytest.mark.parametrize("tried", COMMANDS, ids=str)
def test_with_a_daemon_that_is_not_for_this_user(forbidden: Place, tried: TriedCommand) -> None:
    check_command(forbidden, tried)
