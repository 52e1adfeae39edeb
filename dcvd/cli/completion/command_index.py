"""The index of all commands, with which a shell completes names and options before any command is imported.

`python -m tests.docs` writes commands.jsonl, a command a line; a test holds it to the commands.
"""

from collections.abc import Mapping
from importlib import resources
from typing import Any, Final, Literal

import click
import msgspec
from msgspec import Struct

from dcvd.cli.command_tree import CommandNode

FILE_NAME: Final = "commands.jsonl"
Completed = Literal["", "file", "organization", "finding"]
"""What a value is completed by, beside a closed set of choices."""


class IndexedParameter(Struct, frozen=True, omit_defaults=True):
    """An option by its `names`, or an argument, which has none."""

    names: list[str] = []
    takes_value: bool = True
    many: bool = False
    choices: list[str] = []
    completed: Completed = ""
    help: str = ""


class IndexedCommand(Struct, frozen=True, omit_defaults=True):
    """A command by its `path`, such as `org create`; the path of the program itself is empty."""

    path: str
    help: str = ""
    commands: list[str] = []
    parameters: list[IndexedParameter] = []


def describe(node: CommandNode) -> IndexedCommand:
    """Describe one command for the index."""
    return IndexedCommand(
        path=" ".join(node.path),
        help=node.summary,
        commands=list(node.subcommands),
        parameters=[*map(_describe_parameter, node.command.params), _describe_help(node.context)],
    )


def read_index() -> Mapping[str, IndexedCommand]:
    """Read the index: the commands by their paths."""
    content = resources.files(__package__).joinpath(FILE_NAME).read_bytes()
    return {command.path: command for command in msgspec.json.Decoder(IndexedCommand).decode_lines(content)}


def _describe_help(context: click.Context) -> IndexedParameter:
    """Describe the option that every command has; click keeps it apart, as its first caller named it."""
    return IndexedParameter(names=list(context.help_option_names), takes_value=False, help="Show the help")


def _describe_parameter(parameter: click.Parameter) -> IndexedParameter:
    is_option = isinstance(parameter, click.Option)
    kind: Any = parameter.type
    return IndexedParameter(
        names=[*parameter.opts, *parameter.secondary_opts] if is_option else [],
        takes_value=not (isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count)),
        many=parameter.nargs == -1 or parameter.multiple,
        choices=[str(choice) for choice in kind.choices] if isinstance(kind, click.Choice) else [],
        completed=_find_completed(parameter),
        help=(parameter.help or "").partition(". ")[0].rstrip(".") if isinstance(parameter, click.Option) else "",
    )


def _find_completed(parameter: click.Parameter) -> Completed:
    if isinstance(parameter.type, click.Path | click.File) or parameter.metavar in ("FILE", "DIR"):
        return "file"
    if parameter.name in ("organization", "target_organization") or parameter.metavar == "ORG":
        return "organization"
    if parameter.name in ("finding", "findings"):
        return "finding"
    return ""
