"""`dcvd dashboard`: prints the link by which an operator signs in with a browser."""

from pathlib import Path

import click

from dcvd.cli.operations import Operations, perform_at_daemon
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.prose import print_prose


@click.command("dashboard", epilog=format_examples("dcvd dashboard", "dcvd dashboard --json"))
@json_option
@config_option
def dashboard(as_json: bool, config: Path) -> None:
    """Print a link that signs in your browser to the dashboard, once, within a minute.

    The browser has the rights that you have here, as an operator or an observer, for 12 hours at most, and as long as
    you have them. `dcvd session list` shows such sessions, and `dcvd session end` ends them. The daemon has to run.
    """
    link = perform_at_daemon(config, Operations.create_sign_in_link)
    if as_json:
        print_json({"signInLink": link})
        return
    click.echo(link.url)
    print_prose("Open it within a minute; it works once.", err=True)
