"""`dcvd check`: checks that the database is whole, and that its rows fit together."""

import os
from pathlib import Path
from typing import Final

import click

from dcvd.cli.exit_codes import FAILED
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.prose import print_prose
from dcvd.config import Config, load
from dcvd.core.instants import DAY
from dcvd.kit.clock import SystemClock
from dcvd.store.checks import CheckReport, check_database

_MAX_HISTORY_MS: Final = 7 * DAY
"""How far back events are held against their deliveries; retention that was lengthened since would mislead beyond."""


@click.command("check", epilog=format_examples("dcvd check", "dcvd check --json | jq -r '.faults[].rule'"))
@json_option
@config_option
def check(as_json: bool, config: Path) -> int:
    """Check the database, while the daemon runs or while it does not; nothing is written.

    It checks the file, the foreign keys, and what always holds of the rows, such as that no number of an event is
    missing but where an epoch begins, and that no delivery waits for nothing. The exit code is 1 if something is found.
    Who changed what is checked by `dcvd audit verify`.
    """
    loaded = load(config, os.environ, need_cloudflare=False).config
    report = find_faults(loaded)
    if as_json:
        print_json({"database": str(loaded.database.path), "rules": report.rules, "faults": report.faults})
    elif not report.faults:
        print_prose(f"{loaded.database.path} keeps all {report.rules} rules.")
    for fault in () if as_json else report.faults:
        more = fault.count - len(fault.examples)
        print_prose(f"{fault.rule}: {fault.meaning}")
        print_prose("\n".join([*fault.examples, *([f"and {more} more"] if more else [])]), indent="  ")
    return FAILED if report.faults else 0


def find_faults(config: Config) -> CheckReport:
    """Check the database, with as much history as its retention has left. Raises StoreError."""
    keep = config.retention
    history_ms = min(keep.deliveries, keep.dead_letters, _MAX_HISTORY_MS)
    return check_database(config.database.path, deliveries_since=SystemClock().now() - history_ms)
