"""`dcvd check-config`: checks the configuration as the daemon would, without starting it."""

import asyncio
import os
from pathlib import Path
from typing import Final

import click

from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.tables import format_facts
from dcvd.config import Config, Live, load
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.zone_check import PartResult
from dcvd.dns import DnsObserver
from dcvd.errors import ConfigError
from dcvd.kit.logs.configuration import configure_logging
from dcvd.metrics import Metrics
from dcvd.services import saas_zone

_LABELS: Final = {"ok": "ok", "failing": "FAILING", "unknown": "not known"}


@click.command(
    "check-config",
    epilog=format_examples(
        "dcvd check-config --config /etc/dcvd/dcvd.toml",
        "dcvd check-config --json | jq -r '.problems[]'",
        "dcvd check-config --online   asks Cloudflare about the token, the zone, its plan and its fallback origin",
    ),
)
@click.option("--online", is_flag=True, help="Ask Cloudflare and DNS too whether what is configured works there.")
@json_option
@config_option
@click.pass_context
def check_config(context: click.Context, online: bool, as_json: bool, config: Path) -> None:
    """Check the configuration, with its secrets and the environment, and report every error at once.

    Exits with 0 when the daemon would start with it, with 78 when it would not, and with 69 when --online finds what
    keeps hostnames waiting.
    """
    try:
        loaded = load(config, os.environ)
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"valid": False, "problems": error.problems, "warnings": [], "fromEnvironment": [], "online": []})
        context.exit(os.EX_CONFIG)
    results = asyncio.run(_check_online(loaded.config)) if online else []
    exit_code = os.EX_UNAVAILABLE if any(result.state == "failing" for result in results) else os.EX_OK
    if as_json:
        print_json(
            {
                "valid": True,
                "problems": [],
                "warnings": loaded.warnings,
                "fromEnvironment": loaded.from_environment,
                "online": [
                    {"part": result.part, "state": result.state, "message": result.message} for result in results
                ],
            }
        )
        context.exit(exit_code)
    click.echo(f"{config} is valid.")
    if loaded.from_environment:
        click.echo(f"From the environment: {', '.join(loaded.from_environment)}")
    for warning in loaded.warnings:
        click.echo(f"Warning: {warning}")
    if results:
        click.echo(format_facts([(_LABELS[result.state], result.message) for result in results]))
    context.exit(exit_code)


async def _check_online(config: Config) -> list[PartResult]:
    configure_logging(level="error")
    client = CloudflareClient(Live(config), Metrics())
    await client.start()
    try:
        return await saas_zone.check(config, client, DnsObserver(config).zones)
    finally:
        await client.close()
