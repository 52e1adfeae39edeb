"""Parts that several commands share: `--config`, `--json`, examples below a help text, and printing JSON."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from dcvd.config import find_path
from dcvd.core.durations import parse_duration
from dcvd.core.ids import IdPrefix, is_id

_C = TypeVar("_C", bound=Callable[..., Any])


def config_option(command: _C) -> _C:
    """Add the argument `config`, a Path that need not exist."""
    return click.option(
        "--config",
        metavar="FILE",
        callback=lambda _context, _parameter, value: find_path(value, os.environ),
        help="The configuration; else $DCVD_CONFIG, else /etc/dcvd/dcvd.toml.",
    )(command)


def json_option(command: _C) -> _C:
    """Add the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one line of JSON, for programs.")(command)


def organization_option(command: _C) -> _C:
    """Add the argument `organization`, an id or a name."""
    return click.option(
        "--org", "organization", metavar="ORG", required=True, help="The organization, by id or by name."
    )(command)


def check_id(prefix: IdPrefix, noun: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Make the callback that refuses a text which is no id of an object; `noun` names the object, and its command."""

    def check(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        if value is not None and not is_id(prefix, value):
            raise click.BadParameter(
                f"{value!r} is no {noun}'s id: one is {prefix}_ and 26 characters behind it; `dcvd {noun} list` shows "
                "them."
            )
        return value

    return check


def read_duration_ms(value: str) -> int:
    """Return the milliseconds of an option such as `7d`. Raises BadParameter."""
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def format_examples(*lines: str) -> str:
    """Format examples as an epilog that click does not rewrap."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def keep_lines(text: str) -> str:
    """Mark the paragraphs of a text so that click does not rewrap them."""
    return "\n\n".join(f"\b\n{paragraph}" for paragraph in text.split("\n\n"))


def print_json(answer: object) -> None:
    """Print an answer as one line of JSON."""
    click.echo(msgspec.json.encode(answer))
