"""`dcvd listen` on the command line."""

import asyncio
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from dcvd.cli.listen.console import JsonConsole, TextConsole
from dcvd.cli.listen.listener import listen
from dcvd.cli.listen.settings import ListenSettings, Start, check_http_url
from dcvd.cli.listen.signing_secret import derive_secret, load_secret
from dcvd.cli.options import format_examples
from dcvd.cli.terminal.signals import run_until_signal
from dcvd.core.secret import Secret

TOKEN_VARIABLE: Final = "DCVD_TOKEN"
URL_VARIABLE: Final = "DCVD_URL"
_MAX_SEQUENCE: Final = 10**18 - 1
_TOKEN: Final = re.compile(r"[!-~]{1,500}")


def _parse_url(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return check_http_url(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _parse_types(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(part.strip() for value in values for part in value.split(","))
    if "" in names:
        raise click.BadParameter("One of the types is empty; leave --events out for all types.")
    return names


def _read_token() -> Secret:
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not _TOKEN.fullmatch(token):
        state = "is not set" if not token else "is no token"
        raise click.UsageError(
            f"{TOKEN_VARIABLE} {state}: put a token of your organization there. A token is never an argument, because "
            "others on the machine can read those."
        )
    return Secret(token)


@click.command(
    "listen",
    epilog=format_examples(
        "export DCVD_URL=https://dcv.example.net DCVD_TOKEN=dcv_live_…",
        "dcvd listen --forward-to http://localhost:3000/hook",
        "dcvd listen --forward-to http://localhost:3000/hook --events 'domain.*,dns.*' --last 5",
        "dcvd listen --forward-to http://localhost:3000/hook --json | jq 'select(.accepted == false)'",
    ),
)
@click.option(
    "--forward-to",
    callback=_parse_url,
    metavar="URL",
    required=True,
    help="The receiver, by http or https; it may be on this machine.",
)
@click.option(
    "--url",
    callback=_parse_url,
    metavar="URL",
    envvar=URL_VARIABLE,
    required=True,
    show_envvar=True,
    help="The API of dcvd.",
)
@click.option(
    "--events",
    "event_types",
    multiple=True,
    callback=_parse_types,
    metavar="TYPES",
    help="Only these types of events, or families such as 'domain.*'.",
)
@click.option(
    "--since",
    type=click.IntRange(0, _MAX_SEQUENCE),
    metavar="SEQUENCE",
    help="First forward the stored events behind the one with this number.",
)
@click.option(
    "--last", type=click.IntRange(0, _MAX_SEQUENCE), metavar="N", help="First forward so many of the last events."
)
@click.option(
    "--retry",
    "retries",
    type=click.IntRange(0, 100),
    default=0,
    show_default=True,
    help="How often an event that was not accepted is sent again: after 1 s, then twice as long each time, 30 s at "
    "most. The events behind it wait.",
)
@click.option(
    "--secret-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Sign with the secret in this file, which is made if there is none; else the secret follows from the token.",
)
@click.option("--skip-verify", is_flag=True, help="Take any certificate of the receiver.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each thing that happens, for programs.")
def listen_command(
    forward_to: str,
    url: str,
    event_types: tuple[str, ...],
    since: int | None,
    last: int | None,
    retries: int,
    secret_file: Path | None,
    skip_verify: bool,
    as_json: bool,
) -> None:
    """Forward your organization's events to a receiver on your own machine.

    The receiver gets what a webhook would send: the same body and headers, signed with a secret of this command, which
    is printed at the start. Events are forwarded one after the other, in order, from now on. What the receiver does not
    accept is shown, and sent again only with --retry. Needs a token in DCVD_TOKEN, and neither a configuration nor a
    database. Runs until Ctrl-C, through restarts of the daemon.
    """
    if since is not None and last is not None:
        raise click.UsageError("--since and --last both say where to begin: give one of them.")
    token = _read_token()
    settings = ListenSettings(
        url=url,
        token=token,
        forward_to=forward_to,
        signing_secret=derive_secret(token) if secret_file is None else load_secret(secret_file),
        event_types=event_types,
        start=Start(after=since, last=last or 0),
        retries=retries,
        skip_verify=skip_verify,
    )
    console = JsonConsole() if as_json else TextConsole(sys.stdout)
    positions: list[Start] = []
    record: Callable[[Start], None] = positions.append
    asyncio.run(run_until_signal(listen(settings, console, on_position=record)))
    console.show_stopped(positions[-1] if positions else settings.start)
