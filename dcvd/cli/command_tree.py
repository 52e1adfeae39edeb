"""All commands as a tree, for whatever describes them: the index for shells, and the manual pages."""

from collections.abc import Iterator

import click
from msgspec import Struct


class CommandNode(Struct, frozen=True):
    """One command, and its place: the path of `dcvd org create` is ("org", "create"), that of the program is empty."""

    path: tuple[str, ...]
    command: click.Command
    context: click.Context
    summary: str
    subcommands: tuple[str, ...]


def walk(program: click.Group) -> Iterator[CommandNode]:
    """Yield every command that is not hidden, a group before its commands. Imports them all."""
    yield from _walk(program, (), None)


def _walk(command: click.Command, path: tuple[str, ...], parent: click.Context | None) -> Iterator[CommandNode]:
    info_name = path[-1] if path else "dcvd"
    context = click.Context(command, parent=parent, info_name=info_name, **command.context_settings)
    children = dict(_list_children(command, context))
    yield CommandNode(path, command, context, command.get_short_help_str(limit=200), tuple(children))
    for name, child in children.items():
        yield from _walk(child, (*path, name), context)


def _list_children(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        if child is not None and not child.hidden:
            yield name, child
