"""A place where commands are run."""

import shlex
from itertools import count
from typing import Final

from msgspec import Struct

from dcvd.cli.operations import Operations
from dcvd.store.backups.backup import back_up
from tests.cli.every_command.commands import Failure, State, TriedCommand
from tests.cli.every_command.houses import ENVIRON
from tests.cli.every_command.things import MAKERS, Maker
from tests.cli.processes import House
from tests.cli.terminal.terminals import TerminalRun, run_in_terminal

_numbers: Final = count()
_orphan_numbers: Final = count(10)
"""Counted apart: the zone has a thousand of them."""


class Place(Struct):
    """A configuration, and what stands in its database, by the names that command lines give in braces.

    environ: what a command is given there besides.
    """

    state: State
    house: House
    values: dict[str, str]
    environ: dict[str, str] = {}

    def fill_in(self, tried: TriedCommand) -> list[str]:
        """Return the arguments of a command.

        What it changes is made anew for each run that is to work (`{new_domain}` and so on, see `MAKERS`), as are
        `{new_name}`, `{new_address}`, `{new_url}`, `{new_path}` and `{new_orphan}`. `{directory}` has the files of
        `make_house`, and `{backup}` is a copy of the database.
        """
        number = next(_numbers)
        unique, directory = f"new-{number}", self.house.config.parent
        values = {
            **self.values,
            "directory": str(directory),
            "new_path": str(directory / unique),
            "new_name": f"{unique}.customer.com",
            "new_url": f"http://127.0.0.1:9/{unique}",
            "new_address": f"{unique}@example.com",
            "backup": str(directory / "backup.db"),
        }
        if "{new_orphan}" in tried.line:
            values["new_orphan"] = f"n{next(_orphan_numbers)}.customer.test"
        if "{backup}" in tried.line and not (directory / "backup.db").exists():
            back_up(self.house.database, directory / "backup.db")
        works = not isinstance(tried.outcomes[self.state], Failure)
        for name, make in MAKERS.items():
            if f"{{{name}}}" in tried.line:
                values[name] = self._make(make, values["org_id"], unique) if works else self.values[name[4:]]
        return [part.format_map(values) for part in shlex.split(tried.line)]

    def _make(self, make: Maker, org_id: str, unique: str) -> str:
        async def work(operations: Operations) -> str:
            return await make(operations, org_id, unique)

        return self.house.given(work)

    def run(self, tried: TriedCommand, *, columns: int, as_json: bool = False) -> TerminalRun:
        """Run a command in a terminal."""
        own = {"DCVD_CONFIG": str(self.house.config), "DCVD_TOKEN": self.values["bearer"]}
        arguments = [*self.fill_in(tried), *(["--json"] if as_json else [])]
        return run_in_terminal(
            *arguments,
            columns=columns,
            environ={**ENVIRON, **own, **self.environ},
            may_override=self.state != "forbidden",
            is_endless=tried.is_endless,
        )
