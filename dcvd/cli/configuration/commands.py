"""`dcvd config`: shows the configuration."""

import os
import sys
from pathlib import Path
from typing import Final

import click

from dcvd.api.operators.configuration_view import ConfigurationAnswer, ConfigurationView, configuration_view
from dcvd.cli.configuration.text import format_configuration
from dcvd.cli.lazy import DeferredCommand, LazyGroup
from dcvd.cli.operations import ask_daemon
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.style import TerminalStyle
from dcvd.config import load
from dcvd.config.defaults import read_documented_defaults
from dcvd.services.configuration import RunningConfiguration

_COMMANDS: Final = {
    "show": DeferredCommand(__name__, "show", "Show what is in force, and where each value comes from."),
    "defaults": DeferredCommand(__name__, "defaults", "Print the file that explains every key and its default."),
    "check": DeferredCommand(
        "dcvd.cli.setup.check_config", "check_config", "Report every error of a configuration, as check-config does."
    ),
}


@click.group(
    "config",
    cls=LazyGroup,
    deferred_commands=_COMMANDS,
    epilog=format_examples(
        "dcvd config show --changed", "dcvd config defaults > dcvd.toml", "dcvd config check --config dcvd.toml"
    ),
)
def configuration() -> None:
    """Show what the configuration is, and where each of its values comes from."""


@click.command(
    "show",
    epilog=format_examples(
        "dcvd config show",
        "dcvd config show --changed",
        "dcvd config show --json | jq '.configuration.settings[] | select(.origin == \"environment\").key'",
    ),
)
@click.option("--changed", is_flag=True, help="Only show what is not as by default.")
@json_option
@config_option
def show(changed: bool, as_json: bool, config: Path) -> None:
    """Show every key with its value and where that comes from: the default, a line of the file, or a variable.

    Where a daemon runs, it is what that daemon has, and what its file says by now but only a reload or a restart would
    bring. Without one it is what the file and this environment say. No secret is shown, only whether it is set.
    """
    shown = find_configuration(config)
    if changed:
        shown.settings[:] = [setting for setting in shown.settings if not setting.default]
    if as_json:
        print_json(ConfigurationAnswer(shown))
    else:
        click.echo(format_configuration(shown, TerminalStyle.for_stream(sys.stdout)))


@click.command("defaults", epilog=format_examples("dcvd config defaults > dcvd.toml"))
def defaults() -> None:
    """Print config/dcvd.toml of this version: every key with its default, and what it is for."""
    click.echo(read_documented_defaults(), nl=False)


def find_configuration(config: Path) -> ConfigurationView:
    """Return what is in force in the daemon that runs, else what the file and the environment say. Raises DcvdError."""
    loaded = load(config, os.environ, need_cloudflare=False)
    in_force = ask_daemon(loaded.config.server.socket, lambda operations: operations.show_configuration())
    return in_force or configuration_view(RunningConfiguration(loaded).report_at_once())
