"""Sentences for eyes, wrapped at the width of the terminal that they are printed on."""

import sys

import click

from dcvd.cli.terminal.screen import find_width
from dcvd.cli.terminal.text import make_harmless, wrap


def print_prose(text: str, *, err: bool = False, indent: str = "") -> None:
    """Print sentences, to standard error with `err`; a pipe or file gets each line of the text as one."""
    click.echo(format_prose(text, find_width(sys.stderr if err else sys.stdout), indent=indent), err=err)


def format_prose(text: str, width: int | None, *, indent: str = "") -> str:
    """Wrap a text at a width, None for none, with `indent` before each line."""
    lines = [make_harmless(line) for line in text.split("\n")]
    if width is not None:
        lines = [part for line in lines for part in wrap(line, width - len(indent))]
    return "\n".join(f"{indent}{line}".rstrip() for line in lines)
