"""`dcvd check-config`: checks the configuration as the daemon would, without starting it."""

import asyncio
import os
from pathlib import Path

import click

from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.setup.findings import LABELS
from dcvd.cli.setup.online_check import check_online
from dcvd.cli.setup.running_unit import read_process_environment, read_unit_access
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.prose import print_prose
from dcvd.config import load
from dcvd.errors import ConfigError
from dcvd.kit.logs.configuration import configure_logging
from dcvd.services.host_check import find_host_problems
from dcvd.services.trust_stores import load_trust_stores


@click.command(
    "check-config",
    epilog=format_examples(
        "dcvd check-config --config /etc/dcvd/dcvd.toml",
        "dcvd check-config --json | jq -r '.problems[]'",
        "dcvd check-config --online   asks Cloudflare about token, zone and plan, and tries the way of webhooks",
    ),
)
@click.option(
    "--process",
    metavar="PID",
    type=click.IntRange(min=1),
    help="Check as this process would, which runs dcvd: with its environment and its credentials.",
)
@click.option(
    "--online",
    is_flag=True,
    help="Ask Cloudflare and DNS whether it works there too, and try the way of webhooks.",
)
@json_option
@config_option
@click.pass_context
def check_config(context: click.Context, process: int | None, online: bool, as_json: bool, config: Path) -> None:
    """Check the configuration, with its secrets, the environment and this machine, and report every error at once.

    Where the unit dcvd.service runs with this file, it is judged what its user may do, else what you may.

    Exits with 0 when the daemon would start with it, with 78 when it would not, and with 69 when --online finds what
    keeps hostnames waiting.
    """
    try:
        loaded = load(config, os.environ if process is None else read_process_environment(process))
        trust_stores = load_trust_stores(loaded.config)
        if problems := find_host_problems(loaded.config, read_unit_access(config)):
            raise ConfigError(problems)
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"valid": False, "problems": error.problems, "warnings": [], "fromEnvironment": [], "online": []})
        context.exit(os.EX_CONFIG)
    configure_logging(level="error")
    results = asyncio.run(check_online(loaded.config, trust_stores)) if online else []
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
    print_prose(f"{config} is valid.")
    if loaded.from_environment:
        print_prose(f"From the environment: {', '.join(loaded.from_environment)}")
    for warning in loaded.warnings:
        print_prose(f"Warning: {warning}")
    if results:
        print_facts([(LABELS[result.state], result.message) for result in results])
    context.exit(exit_code)
