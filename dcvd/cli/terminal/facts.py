"""One thing for eyes: its facts, one a line, wrapped at the width of the terminal."""

from collections.abc import Sequence

import click

from dcvd.cli.terminal.screen import find_screen
from dcvd.cli.terminal.tables import format_facts


def print_facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Print facts, those without a value left out."""
    given = [pair for pair in pairs if pair[1]]
    if given:
        click.echo(format_facts(given, find_screen().width))
