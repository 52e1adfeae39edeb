"""What is run of every command. Each subject has its file, `<subject>_commands.py`, with a line for each."""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

State = Literal["up", "down", "silent", "forbidden"]
"""The daemon runs; none does; it accepts connections and never answers; its socket is not for this user."""


class Failure(Struct, frozen=True):
    """That a command says an error alone, with this code, and ends with this exit code.

    comes_late: before it the command says what it has done.
    """

    error: str
    code: int = 1
    comes_late: bool = False


Outcome = int | Failure
"""The exit code of a command that says what it was asked for, or its failure."""
NO_DAEMON: Final = Failure("daemon_needed")
SILENT: Final = Failure("daemon_unreachable")
FORBIDDEN: Final = Failure("forbidden")


class TriedCommand(Struct, frozen=True, kw_only=True):
    """A command line and what is expected of it.

    line: without `--json` and `--config`. What stands in braces is filled in: see `Place.fill_in`.
    outcomes: what becomes of it in each state. has_json: whether it takes `--json`; then the output is one line of
        JSON. is_prose: lines of text may be longer than the terminal is wide, because nothing of it is a table.
    is_endless: it runs until it is stopped, which it is once it has said something.
    draws: it draws on the whole terminal, so that what it says is no text.
    """

    line: str
    outcomes: Mapping[State, Outcome]
    has_json: bool = True
    is_prose: bool = False
    is_endless: bool = False
    draws: bool = False

    def __str__(self) -> str:
        return self.line

    def is_of(self, path: str) -> bool:
        """Whether it runs the command that has this path, such as `org list`."""
        return f"{self.line} ".startswith(f"{path} ")


def tried(
    line: str,
    code: Outcome = 0,
    *,
    needs_daemon: bool = False,
    is_local: bool = False,
    down: Outcome | None = None,
    silent: Outcome | None = None,
    forbidden: Outcome | None = None,
    **kind: bool,
) -> TriedCommand:
    """Name a command to try, and what becomes of it with a daemon, which is so in all states where it `is_local`.

    Else it works without a daemon unless it `needs_daemon`, and fails at one that does not answer or is not for this
    user. `down`, `silent` and `forbidden` say what is otherwise. `kind`: the other fields.
    """
    outcomes: dict[State, Outcome] = {
        "up": code,
        "down": NO_DAEMON if needs_daemon else code,
        "silent": code if is_local else SILENT,
        "forbidden": code if is_local else FORBIDDEN,
    }
    given: dict[State, Outcome | None] = {"down": down, "silent": silent, "forbidden": forbidden}
    outcomes |= {state: outcome for state, outcome in given.items() if outcome is not None}
    return TriedCommand(line=line, outcomes=outcomes, **kind)


def collect_commands() -> list[TriedCommand]:
    """Collect the commands of all files."""
    found: list[TriedCommand] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.endswith("_commands"):
            found += importlib.import_module(f"{__package__}.{module.name}").COMMANDS
    return found


UNTRIED: Final[Mapping[str, str]] = {
    "sandbox": "runs until it is stopped, and writes its log beside what it says, as a server does",
    "serve": "is the daemon, which every other line is tried against",
}
"""Commands that are not tried here, and why."""
