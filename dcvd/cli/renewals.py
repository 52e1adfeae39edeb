"""`dcvd renewals`: lists the certificates whose renewal is late."""

from pathlib import Path
from typing import Final

import click

from dcvd.cli.exit_codes import FAILED
from dcvd.cli.operations import perform
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.tables import format_instant, format_table
from dcvd.services.lifecycle.renewals import RenewalsView

_LATE_AFTER_S: Final = 3600
"""Seconds by which a check may be late before the command mentions it."""


@click.command("renewals", epilog=format_examples("dcvd renewals", "dcvd renewals --json | jq .renewals.count"))
@json_option
@config_option
@click.pass_context
def renewals(context: click.Context, as_json: bool, config: Path) -> None:
    """Show the certificates, of all organizations, that should have been renewed and were not.

    Ends with 1 where there are any, so that a monitor can run it.
    """
    late_renewals = perform(config, lambda operations: operations.list_renewals())
    if as_json:
        print_json({"renewals": late_renewals})
    else:
        _print_renewals(late_renewals)
    context.exit(FAILED if late_renewals.count else 0)


def _print_renewals(late_renewals: RenewalsView) -> None:
    if not late_renewals.count:
        click.echo("No renewal is late.")
    else:
        rows = [
            (
                each.domain_name,
                format_instant(each.expires_at, missing=""),
                format_instant(each.overdue_at, missing=""),
                each.cf_ssl_status or "",
                each.error_code or each.status,
                each.domain_id,
            )
            for each in late_renewals.late
        ]
        click.echo(format_table(("domain", "expires", "late since", "at cloudflare", "here", "id"), rows))
        click.echo(f"{late_renewals.count} late; the {len(rows)} above are so for the longest time.")
    for lane, seconds in late_renewals.behind_seconds.items():
        if seconds >= _LATE_AFTER_S:
            click.echo(f"Checks are behind: one of the lane {lane} has been due for {seconds // 60} min.", err=True)
