"""`dcvd renewals`: lists the certificates whose renewal is late."""

from pathlib import Path
from typing import Final

import click

from dcvd.cli.exit_codes import FAILED
from dcvd.cli.extents import take_extent
from dcvd.cli.operations import perform
from dcvd.cli.options import config_option, format_examples, list_options, print_json
from dcvd.cli.terminal.columns import Age, Column
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.prose import print_prose
from dcvd.core.numbers import count
from dcvd.services.lifecycle.renewals import LateRenewalView, RenewalsView

_LATE_AFTER_S: Final = 3600
"""Seconds by which a check may be late before the command mentions it."""
_COLUMNS: Final[tuple[Column[LateRenewalView], ...]] = (
    Column(heading="domain", cell=lambda each: each.domain_name, shortest=16),
    Column(heading="expires", cell=lambda each: Age(each.expires_at), tone=lambda _: "bad"),
    Column(heading="late since", cell=lambda each: Age(each.overdue_at), gives_way=2),
    Column(heading="at Cloudflare", cell=lambda each: each.cf_ssl_status or "", gives_way=3),
    Column(heading="here", cell=lambda each: each.error_code or each.status, shortest=12),
    Column(heading="id", cell=lambda each: each.domain_id, gives_way=1),
)


@click.command("renewals", epilog=format_examples("dcvd renewals", "dcvd renewals --json | jq .renewals.count"))
@list_options(limit=None)
@config_option
@click.pass_context
def renewals(context: click.Context, output: ListOutput, config: Path) -> None:
    """Show the certificates, of all organizations, that should have been renewed and were not.

    Ends with 1 where there are any, so that a monitor can run it.
    """
    late_renewals = perform(config, lambda operations: operations.list_renewals())
    if output.form == "json":
        print_json({"renewals": late_renewals})
    else:
        _print_renewals(late_renewals, output)
    context.exit(FAILED if late_renewals.count else 0)


def _print_renewals(late_renewals: RenewalsView, output: ListOutput) -> None:
    if not late_renewals.count:
        print_prose("No renewal is late.")
    else:
        shown = take_extent(late_renewals.late, output.extent)
        print_list(shown, _COLUMNS, output, member="late", nothing="")
        is_all = len(shown.items) == late_renewals.count
        rest = "" if is_all else "; shown first is what waits longest"
        print_prose(f"{count(late_renewals.count, 'renewal is', 'renewals are')} late{rest}.")
    for lane, seconds in late_renewals.behind_seconds.items():
        if seconds >= _LATE_AFTER_S:
            print_prose(f"Checks are behind: one of the lane {lane} has been due for {seconds // 60} min.", err=True)
