"""`dcvd demo` on the command line."""

import asyncio
import io
import sys
from typing import Final

import click

from dcvd.cli.demo.narrator import Narrator
from dcvd.cli.demo.script import run_demo
from dcvd.cli.exit_codes import INTERRUPTED
from dcvd.cli.options import format_examples
from dcvd.cli.terminal.signals import run_until_signal
from dcvd.cli.terminal.style import TerminalStyle

_DEADLINE_S: Final = 60.0


@click.command(
    "demo",
    epilog=format_examples(
        "dcvd demo",
        "dcvd demo --once      ends when the domain is active",
        "dcvd demo --connect   the customer clicks once, and dcvd writes the record",
    ),
)
@click.option("--once", is_flag=True, help="End when the domain is active: 0 then, 1 if it is not after 60 seconds.")
@click.option("--connect", is_flag=True, help="The customer connects its DNS provider, and dcvd writes the record.")
@click.pass_context
def demo(context: click.Context, once: bool, connect: bool) -> None:
    """Watch one domain from being added to serving https, with a signed webhook for each step.

    Starts a sandbox of Cloudflare and DNS, the daemon and a webhook receiver on free loopback ports, all in this
    process and a temporary directory. Needs no configuration and no network; leaves nothing behind.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without a ✓ shows a question mark
    narrator = Narrator(sys.stdout, TerminalStyle.for_stream(sys.stdout))
    ended = asyncio.run(run_until_signal(run_demo(narrator, once=once, deadline_s=_DEADLINE_S, connect=connect)))
    if not ended:
        click.echo("\nStopped. Everything that the demo started has ended, and nothing is left behind. Goodbye.")
    if once and not ended:
        context.exit(INTERRUPTED)
