"""A command group that imports a command only when it runs: `dcvd --help` need not load a web framework."""

from collections.abc import Mapping
from typing import Any

import click
from msgspec import Struct

from dcvd.core.near_names import suggest
from dcvd.kit.imports import import_whole


class DeferredCommand(Struct, frozen=True):
    """Where a command is defined, and its line in the group's help."""

    module: str
    name: str
    summary: str

    def load(self) -> click.Command:
        """Import the command."""
        command = getattr(import_whole(self.module), self.name)
        assert isinstance(command, click.Command), f"{self.module}.{self.name} is no command"
        return command


class LazyGroup(click.Group):
    """Lists its commands in the order in which they are given."""

    def __init__(self, *args: Any, deferred_commands: Mapping[str, DeferredCommand], **options: Any) -> None:
        super().__init__(*args, **options)
        self.deferred_commands = deferred_commands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(self.deferred_commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # likewise
        deferred = self.deferred_commands.get(cmd_name)
        return None if deferred is None else deferred.load()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for one that is misspelt, say which is meant, as Click does where it has the commands."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            meant = "" if args[0].startswith("-") else suggest(args[0], self.deferred_commands)
            if not meant:
                raise
            raise click.UsageError(f"{error.format_message()}{meant}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # likewise
        with formatter.section("Commands"):
            formatter.write_dl([(name, deferred.summary) for name, deferred in self.deferred_commands.items()])
