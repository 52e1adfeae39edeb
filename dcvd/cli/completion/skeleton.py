"""The commands as the index knows them: with names and options, and nothing that they could do."""

from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from dcvd.cli.completion.command_index import IndexedCommand, IndexedParameter
from dcvd.cli.completion.values import complete_findings, complete_organizations


class _SkeletonGroup(click.Group):
    """A group whose commands are built as they are asked for."""

    def __init__(self, entry: IndexedCommand, index: Mapping[str, IndexedCommand]) -> None:
        super().__init__(entry.path.rpartition(" ")[2], params=_build_parameters(entry), add_help_option=False)
        self._entry = entry
        self._index = index

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return self._entry.commands

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # likewise
        entry = self._find(cmd_name)
        return None if entry is None else build_skeleton(entry, self._index)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of commands, or of options."""
        names = [name for name in self._entry.commands if name.startswith(incomplete)]
        entries = ((name, self._find(name)) for name in names)
        items = [CompletionItem(name, help=entry.help if entry else None) for name, entry in entries]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def _find(self, name: str) -> IndexedCommand | None:
        return self._index.get(f"{self._entry.path} {name}".strip())


def build_skeleton(entry: IndexedCommand, index: Mapping[str, IndexedCommand]) -> click.Command:
    """Build one command, and with it whatever stands below."""
    if entry.commands:
        return _SkeletonGroup(entry, index)
    return click.Command(entry.path, params=_build_parameters(entry), add_help_option=False)


def _build_parameters(entry: IndexedCommand) -> list[click.Parameter]:
    return [_build_parameter(parameter, number) for number, parameter in enumerate(entry.parameters)]


def _build_parameter(parameter: IndexedParameter, number: int) -> click.Parameter:
    name = "config" if "--config" in parameter.names else f"p{number}"
    kind: click.ParamType[Any] | None = None
    if parameter.choices:
        kind = click.Choice(parameter.choices)
    elif parameter.completed == "file":
        kind = click.Path()
    complete = {"organization": complete_organizations, "finding": complete_findings}.get(parameter.completed)
    if not parameter.names:
        return click.Argument(
            [name], type=kind, nargs=-1 if parameter.many else 1, required=False, shell_complete=complete
        )
    return click.Option(
        [*parameter.names, name],
        type=kind,
        is_flag=not parameter.takes_value,
        multiple=parameter.many,
        help=parameter.help,
        shell_complete=complete if parameter.takes_value else None,
    )
