"""`dcvd install`: puts the command, the units and the configuration in place, starts the daemon and examines it."""

import os
import sys
from pathlib import Path
from typing import IO, Final

import click

from dcvd.cli.options import format_examples
from dcvd.cli.setup.doctor import examine
from dcvd.cli.setup.findings import show_findings
from dcvd.cli.setup.installation import CONFIG_PATH, Installation
from dcvd.cli.setup.placed_files import Placement
from dcvd.cli.setup.running_unit import BACKUP_TIMER, SERVICE, SOCKET, is_systemd_running, run_systemctl
from dcvd.cli.terminal.prose import print_prose
from dcvd.config import values
from dcvd.config.validators import InvalidValue
from dcvd.errors import DcvdError
from dcvd.kit.paths import follow_links

_HIDDEN_FROM_UNITS: Final = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108
"""By ProtectHome= and PrivateTmp=."""
_ROOT: Final = Path("/")


@click.command(
    "install",
    epilog=format_examples(
        "/opt/dcvd/bin/dcvd install",
        "dcvd install --zone-id 0123456789abcdef0123456789abcdef --cname-target edge.example.net --token-file token",
        "dcvd install --root build/image --no-start …    into a tree that is booted later",
        "dcvd install --dry-run                          says what it would do",
    ),
)
@click.option("--zone-id", metavar="ID", help="The zone at Cloudflare that has Cloudflare for SaaS.")
@click.option("--cname-target", metavar="NAME", help="The name to which customers point their records.")
@click.option(
    "--token-file", metavar="FILE", type=click.File("r"), help="The file of Cloudflare's API token; - reads it."
)
@click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False), default=_ROOT, help="The root of another system's tree."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--no-start", is_flag=True, help="Put the files in place, and start nothing.")
@click.pass_context
def install(
    context: click.Context,
    zone_id: str | None,
    cname_target: str | None,
    token_file: IO[str] | None,
    root: Path,
    dry_run: bool,
    no_start: bool,
) -> None:
    """Put the command, the units and the configuration in place, start the daemon, and examine it like `dcvd doctor`.

    Asks for what is not given. What you have changed is kept: units, configuration and token. So a second run only
    brings what a newer version brings.
    """
    installation = Installation(root.absolute(), _find_program(root.absolute()))
    keys: dict[str, str] = {}
    token: str | None = None
    if not installation.config_path.exists():
        keys["zone_id"] = _require("zone_id", "--zone-id", "Zone id at Cloudflare", zone_id)
        keys["cname_target"] = _require(
            "cname_target", "--cname-target", "CNAME target of your customers", cname_target
        )
    if not installation.token_path.exists():
        given = None if token_file is None else token_file.read().strip()
        token = _require("api_token", "--token-file", "API token of Cloudflare", given, is_hidden=True)
    for path, options in (
        (installation.config_path, {"--zone-id": zone_id, "--cname-target": cname_target}),
        (installation.token_path, {"--token-file": token_file}),
    ):
        unused = [option for option, value in options.items() if value is not None and path.exists()]
        if unused:
            print_prose(
                f"Warning: {path} is there already and stays as it is: {' and '.join(unused)} not used.", err=True
            )
    done = installation.carry_out(installation.list_files(keys, token), is_dry_run=dry_run)
    for path, placement in done:
        print_prose(f"{path}: {'would be ' if dry_run and _is_change(placement) else ''}{placement.value}")
    if dry_run or no_start or root != _ROOT:
        return
    if not is_systemd_running():
        raise DcvdError("systemd does not run here: nothing was started. Give --no-start where that is meant.")
    _start(is_replaced=any(placement is Placement.REPLACED for _, placement in done))
    findings = examine(CONFIG_PATH)
    show_findings(findings)
    context.exit(1 if any(finding.status == "failing" for finding in findings) else 0)


def _require(key: str, option: str, question: str, given: str | None, *, is_hidden: bool = False) -> str:
    """Return a valid value for a key, which is asked for where it was not given. Raises UsageError."""
    if given is None:
        if not sys.stdin.isatty():
            raise click.UsageError(f"Give {option}, or run this on a terminal, where it is asked for.")
        given = str(click.prompt(question, hide_input=is_hidden)).strip()
    validate = {"zone_id": values.zone_id, "cname_target": values.cname_target, "api_token": values.secret_word}[key]
    try:
        validate(given)
    except (InvalidValue, ValueError) as error:
        shown = "" if is_hidden else f" {given!r}"
        raise click.UsageError(f"{option}{shown} is no value for it: {error}") from error
    return given


def _find_program(root: Path) -> Path:
    """Return where the installed system finds this very command."""
    program = Path(sys.executable).parent / "dcvd"
    if not os.access(program, os.X_OK):
        raise DcvdError(f"There is no command {program}: install dcvd with pip into an environment of its own.")
    if root == _ROOT and any(follow_links(program).is_relative_to(each) for each in _HIDDEN_FROM_UNITS):
        raise DcvdError(f"The unit does not see {program}: install dcvd into an environment in /opt/dcvd.")
    return Path("/") / program.relative_to(root) if root != _ROOT and program.is_relative_to(root) else program


def _is_change(placement: Placement) -> bool:
    return placement in (Placement.WRITTEN, Placement.REPLACED)


def _start(*, is_replaced: bool) -> None:
    units = (SOCKET, SERVICE, BACKUP_TIMER)
    for arguments in (("daemon-reload",), ("enable", *units), ("start", *units)):
        if run_systemctl(*arguments) is None:
            print_prose(f"systemctl {' '.join(arguments)} failed: journalctl -u dcvd says why.", err=True)
            return
    if is_replaced:
        print_prose("The units are new: systemctl restart dcvd makes them count.")
