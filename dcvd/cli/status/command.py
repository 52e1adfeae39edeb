"""`dcvd status`: one screen that says how all of it is doing."""

from pathlib import Path
from typing import Final

import click

from dcvd.cli.exit_codes import FAILED
from dcvd.cli.operations import perform
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.status.screen import format_screen
from dcvd.cli.terminal.columns import colour
from dcvd.cli.terminal.screen import find_screen

_PIPE_WIDTH: Final = 100


@click.command(
    "status",
    epilog=format_examples(
        "dcvd status", "dcvd status --json | jq -r '.status.problems[].message'", "dcvd status >/dev/null || page-me"
    ),
)
@json_option
@config_option
@click.pass_context
def status(context: click.Context, as_json: bool, config: Path) -> None:
    """Show on one screen what serves, what waits for whom, what broke, what is late, and what to do about it.

    The worst comes first: ! hurts now, ~ is to be looked at, and of - others take care. Ends with 1 where something
    needs you (! and ~), else with 0. Without a daemon it reads the database, and says so.
    """
    overview = perform(config, lambda operations: operations.show_status())
    if as_json:
        print_json({"status": overview})
    else:
        screen = find_screen()
        for line in format_screen(overview, screen.width or _PIPE_WIDTH):
            click.echo(colour(screen.style, line.tone, line.text))
    context.exit(FAILED if overview.needs_operator else 0)
