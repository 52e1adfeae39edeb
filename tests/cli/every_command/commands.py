"""What is run of every command. Each subject has its file, `<subject>_commands.py`, with a line for each."""

import importlib
import pkgutil
from pathlib import Path
from typing import Final

from msgspec import Struct


class TriedCommand(Struct, frozen=True, kw_only=True):
    """A command line and what is expected of it.

    line: without `--json` and `--config`. What stands in braces is filled in: see `Place.values`, and and `_MAKERS`
        there, whose things are others at each run, as are `{new_name}` and `{new_address}`.
    code: the exit code. needs_daemon: without one it fails, and says so. has_json: whether it takes `--json`; then the
        output is one line of JSON. is_prose: lines of text may be longer than the terminal is wide, because nothing of
        it is a table. is_local: it asks no daemon, so that it works beside one that does not answer.
    """

    line: str
    code: int = 0
    needs_daemon: bool = False
    has_json: bool = True
    is_prose: bool = False
    is_local: bool = False

    def __str__(self) -> str:
        return self.line

    def is_of(self, path: str) -> bool:
        """Whether it runs the command that has this path, such as `org list`."""
        return f"{self.line} ".startswith(f"{path} ")


def tried(line: str, **expected: bool | int) -> TriedCommand:
    """Name a command to try."""
    return TriedCommand(line=line, **expected)  # type: ignore[arg-type]  # the names are those of the fields


def collect_commands() -> list[TriedCommand]:
    """Collect the commands of all files."""
    found: list[TriedCommand] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.endswith("_commands"):
            found += importlib.import_module(f"{__package__}.{module.name}").COMMANDS
    return found


UNTRIED: Final = {
    "demo": "runs for a minute, and has tests of its own",
    "serve": "is the daemon",
    "health": "is for service managers, and has tests of its own",
    "install": "changes the machine",
    "listen": "runs until it is stopped",
    "sandbox": "runs until it is stopped",
    "diagnose": "asks DNS, and has tests of its own",
    "restore": "needs a stopped daemon and a backup, and has tests of its own",
    "backup": "copies the file, and has tests of its own",
    "check": "reads the file, and has tests of its own",
    "check-config": "reads the configuration alone",
    "doctor": "looks at the machine, and has tests of its own",
    "orphans": "asks Cloudflare, and has tests of its own",
    "vault": "is about keys in files, and has tests of its own",
    "domain-connect": "is about keys in files, and has tests of its own",
    "event-schema": "prints files",
    "monitoring": "prints files",
    "mail test": "sends a mail",
    "top": "runs until it is stopped",
    "config check": "is check-config",
    "apply": "needs a file of organizations, and has tests of its own",
    "bugreport": "writes a file, and has tests of its own",
    "import-cloudflare": "asks Cloudflare, and has tests of its own",
    "import-predecessor": "needs a dump, and has tests of its own",
    "alerts contacts": "needs a mail server, and has tests of its own",
    "org branding logo": "fetches the logo from outside, and has tests of its own",
    **dict.fromkeys(
        (f"operator-webhook {name}" for name in ("create", "show", "change", "delete", "rotate-secret", "test")),
        "needs an endpoint of the operator's, and has tests of its own",
    ),
    **dict.fromkeys(
        ("operator-webhook retry", "operator-webhook cancel"),
        "needs a delivery to the operator, and has tests of its own",
    ),
    "connection show": "needs a provider that takes credentials, and has a test of its own",
}
"""Commands, or groups of them, that are not tried here, and why."""
