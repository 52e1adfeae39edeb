"""`dcvd check-config`: checks the configuration as the daemon would, without starting it."""

import os
from pathlib import Path

import click

from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.config import load
from dcvd.errors import ConfigError


@click.command(
    "check-config",
    epilog=format_examples(
        "dcvd check-config --config /etc/dcvd/dcvd.toml",
        "dcvd check-config --json | jq -r '.problems[]'",
    ),
)
@json_option
@config_option
@click.pass_context
def check_config(context: click.Context, as_json: bool, config: Path) -> None:
    """Check the configuration, with its secrets and the environment, and report every error at once.

    Exits with 0 when the daemon would start with it, with 78 when it would not.
    """
    try:
        loaded = load(config, os.environ)
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"valid": False, "problems": error.problems, "warnings": [], "fromEnvironment": []})
        context.exit(os.EX_CONFIG)
    if as_json:
        print_json(
            {
                "valid": True,
                "problems": [],
                "warnings": loaded.warnings,
                "fromEnvironment": loaded.from_environment,
            }
        )
        return
    click.echo(f"{config} is valid.")
    if loaded.from_environment:
        click.echo(f"From the environment: {', '.join(loaded.from_environment)}")
    for warning in loaded.warnings:
        click.echo(f"Warning: {warning}")
