"""`dcvd version`: what runs here, for whoever reports a fault or plans an upgrade."""

import os
import re
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from msgspec.structs import asdict

from dcvd import __version__
from dcvd.cli import socket_calls
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.facts import print_facts
from dcvd.config import load
from dcvd.errors import ConfigError, DcvdError
from dcvd.services.system.versions import RuntimeVersions, read_versions

_REQUIREMENT: Final = re.compile(r"""([A-Za-z0-9._-]+).*;.*extra == ['"]([a-z0-9-]+)['"]""")
_FOR_DEVELOPERS: Final = ("test", "lint")


class Versions(RuntimeVersions, frozen=True, kw_only=True):
    """What runs here.

    `extras`: for each, what it needs with the versions that are installed; null where one is missing. `daemon`: the
    version of the daemon that runs, null where none answers.
    """

    extras: dict[str, list[str] | None]
    daemon: str | None


@click.command("version", epilog=format_examples("dcvd version", "dcvd version --json | jq -r .sqlite"))
@json_option
@config_option
def version(as_json: bool, config: Path) -> None:
    """Say which dcvd this is, with which Python, SQLite and extras, and whether the daemon that runs is another.

    `dcvd --version` prints the version alone.
    """
    found = find_versions(config)
    if as_json:
        print_json(found)
        return
    extras = [f"{name} ({', '.join(parts)})" for name, parts in found.extras.items() if parts is not None]
    facts = [
        ("dcvd", found.version),
        ("Daemon", "none answers" if found.daemon is None else _describe_daemon(found.daemon)),
        ("Schema", str(found.schema)),
        ("Python", found.python),
        ("SQLite", found.sqlite + (f": {found.sqlite_note}" if found.sqlite_note else "")),
        ("OpenSSL", found.openssl),
        ("Extras", ", ".join(extras) or "none"),
        ("Platform", found.platform),
    ]
    print_facts(facts)


def find_versions(config: Path) -> Versions:
    """Find out what runs here. Whoever has no valid configuration gets it all but the version of the daemon."""
    return Versions(**asdict(read_versions()), extras=_find_extras(), daemon=_ask_daemon(config))


def _describe_daemon(running: str) -> str:
    return running if running == __version__ else f"{running}, which is another: restart it (systemctl restart dcvd)"


def _ask_daemon(config: Path) -> str | None:
    try:
        socket = load(config, os.environ, need_cloudflare=False).config.server.socket
        answer: Any = msgspec.json.decode(socket_calls.get(socket, "/health").body)
        return str(answer["version"])
    except (ConfigError, DcvdError, msgspec.DecodeError, KeyError, TypeError):
        return None


def _find_extras() -> dict[str, list[str] | None]:
    extras: dict[str, list[str] | None] = {}
    try:
        requirements = metadata.requires("dcvd") or []
    except metadata.PackageNotFoundError:  # run from its source, without having been installed
        return extras
    for requirement in requirements:
        match = _REQUIREMENT.fullmatch(requirement)
        if match is None or match[2] in _FOR_DEVELOPERS:
            continue
        installed = extras.setdefault(match[2], [])
        try:
            found = f"{match[1]} {metadata.version(match[1])}"
        except metadata.PackageNotFoundError:
            extras[match[2]] = None
        else:
            if installed is not None:
                installed.append(found)
    return extras
