"""`dcvd serve`: runs the daemon."""

import os
from pathlib import Path

import click

from dcvd.cli.options import config_option, format_examples
from dcvd.daemon import run


@click.command(
    "serve",
    epilog=format_examples(
        "dcvd serve --config /etc/dcvd/dcvd.toml",
        "dcvd serve --config config/sandbox.toml     with `dcvd sandbox` beside it",
    ),
)
@config_option
@click.pass_context
def serve(context: click.Context, config: Path) -> None:
    """Run the daemon in the foreground; logs go to standard error.

    SIGTERM or Ctrl-C stops it in order, a second one at once; SIGHUP reloads what can change while it runs.
    """
    context.exit(run(config, os.environ))
