"""Long output, page by page."""

import os
import sys
from collections.abc import Mapping

import click

from dcvd.cli.terminal.screen import Screen


def print_pages(text: str, screen: Screen, *, uses_pager: bool, environ: Mapping[str, str] = os.environ) -> None:
    """Print a text, through the program in $PAGER (else less) where it is longer than the terminal.

    An empty PAGER is none, as for git.
    """
    is_long = screen.height is not None and text.count("\n") + 2 > screen.height
    if is_long and uses_pager and environ.get("PAGER") != "" and sys.stdin.isatty():
        click.echo_via_pager(text)
    else:
        click.echo(text)
