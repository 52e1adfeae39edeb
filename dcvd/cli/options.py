"""Parts that several commands share: `--config`, `--json`, `--output`, `--limit`, examples below a help text, and
printing JSON."""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

import click
import msgspec

from dcvd.cli.sent_values import note_list
from dcvd.cli.terminal.ages import read_clock
from dcvd.cli.terminal.output import OUTPUT_FORMS, ListOutput, OutputForm
from dcvd.config import find_path
from dcvd.core.durations import parse_duration
from dcvd.core.ids import IdPrefix, is_id, may_be_id
from dcvd.core.instants import from_rfc3339, to_rfc3339

_C = TypeVar("_C", bound=Callable[..., Any])
MAX_LISTED: Final = 100_000
"""The most that `--limit` takes; `--all` knows no most."""


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


def output_option(command: _C) -> _C:
    """Add the argument `output`, an OutputForm, by `-o` and `--json`: for commands that show one thing."""

    @wraps(command)
    def run(*arguments: Any, form: OutputForm, as_json: bool, **options: Any) -> Any:
        return command(*arguments, output="json" if as_json else form, **options)

    return _add_form(run)  # type: ignore[return-value]  # it takes what the command takes, by other names


def list_options(*, limit: int | None = 50) -> Callable[[_C], _C]:
    """Add the argument `output`, a ListOutput, by `-o`, `--json`, `--limit`, `--all` and `--no-pager`.

    `limit`: how many are shown unless another number is given; None, for lists that stay short, is all.
    """

    def add(command: _C) -> _C:
        @wraps(command)
        def run(
            *arguments: Any,
            form: OutputForm,
            as_json: bool,
            limit: int | None,
            takes_all: bool,
            no_pager: bool,
            **options: Any,
        ) -> Any:
            if takes_all and was_given("limit"):
                raise click.UsageError("--limit and --all exclude each other: choose one.")
            output = ListOutput(
                form="json" if as_json else form, limit=None if takes_all else limit, uses_pager=not no_pager
            )
            return command(*arguments, output=output, **options)

        run = click.option("--no-pager", is_flag=True, help="Print a long list at once, without $PAGER.")(run)
        run = click.option("--all", "takes_all", is_flag=True, help="Show all.")(run)
        run = click.option(
            "--limit",
            type=click.IntRange(1, MAX_LISTED),
            default=limit,
            show_default="all" if limit is None else str(limit),
            help="How many at most.",
        )(run)
        return _add_form(run)  # type: ignore[return-value]  # as above

    return add


def was_given(parameter: str) -> bool:
    """Whether an argument of the present command was on its command line, rather than its default."""
    source = click.get_current_context().get_parameter_source(parameter)
    return source is click.core.ParameterSource.COMMANDLINE


def _add_form(run: Callable[..., Any]) -> Callable[..., Any]:
    run = click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(OUTPUT_FORMS),
        default="table",
        help="A table that fits the terminal, one with every column, or JSON.",
    )(run)
    return json_option(run)


def organization_option(command: _C) -> _C:
    """Add the argument `organization`, an id or a name."""
    return click.option(
        "--org", "organization", metavar="ORG", required=True, help="The organization, by id or by name."
    )(command)


def some_organization_option(command: _C) -> _C:
    """Add the argument `organization`, an id or a name; None stands for all of them."""
    return click.option(
        "--org", "organization", metavar="ORG", help="Only of this organization, by id or by name; else of all."
    )(command)


def since_option(what: str) -> Callable[[_C], _C]:
    """Add the argument `since`, in milliseconds; `what` names the things that are listed."""

    def parse(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
        return None if value is None else _read_since(value)

    return click.option(
        "--since",
        callback=parse,
        metavar="WHEN",
        help=f"Only {what} since an instant (RFC 3339), or within a duration such as 7d.",
    )


def _read_since(value: str) -> int:
    try:
        return from_rfc3339(value)
    except ValueError:
        pass
    try:
        return read_clock() - parse_duration(value)
    except ValueError as error:
        message = f"{value!r} is neither an instant such as 2026-01-15T10:30:00Z nor a duration such as 7d."
        raise click.BadParameter(message) from error


def build_query(**parameters: str | int | None) -> dict[str, str]:
    """Build the parameters of a list, under the names that the API gives them; a number is an instant, None nothing."""
    query: dict[str, str] = {}
    for name, value in parameters.items():
        if isinstance(value, int):
            query[name] = to_rfc3339(value)
        elif value is not None:
            query[name] = value
    return query


def check_id(
    prefix: IdPrefix, noun: str, *, may_be_imported: bool = False, listed_by: str | None = None
) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Make the callback that refuses a text which is no id of an object; `noun` names the object, and its command.

    may_be_imported: whether there are such objects that were imported, whose ids have other forms. listed_by: the
    command that lists them, where its name is not that of the object.
    """
    command = listed_by or f"dcvd {noun} list"

    def check(context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        if value is None:
            return None
        if is_id(prefix, value) or (may_be_imported and may_be_id(value)):
            note_list(context, value, command)
            return value
        form = f"one is {prefix}_ and 26 characters behind it" + (", or as it was imported" if may_be_imported else "")
        raise click.BadParameter(f"{value!r} is no {noun}'s id: {form}; `{command}` shows them.")

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
