"""`dcvd domain timeline`: what happened to a domain, and why."""

from pathlib import Path
from typing import Final

import click

from dcvd.cli.domains.argument import domain_argument, optional_organization_option
from dcvd.cli.extents import Listed
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.operations.domain_answers import ChangeOutput, TimelineEntryOutput
from dcvd.cli.options import config_option, format_examples, list_options
from dcvd.cli.terminal.columns import Age, Column
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.errors import NotFound


def _tell_change(change: ChangeOutput) -> str:
    return f"{change.field}: {change.before} -> {change.after}"


_COLUMNS: Final[tuple[Column[TimelineEntryOutput], ...]] = (
    Column(heading="when", cell=lambda each: Age(each.at)),
    Column(heading="kind", cell=lambda each: each.kind, gives_way=1),
    Column(heading="by", cell=lambda each: each.actor or "", shortest=8, gives_way=2),
    Column(
        heading="what",
        cell=lambda each: each.sentence + ("" if each.detail is None else f": {each.detail}"),
        shortest=24,
        wraps=True,
    ),
    Column(heading="changes", cell=lambda each: "; ".join(map(_tell_change, each.changes)), only_wide=True),
    Column(heading="servers", cell=lambda each: "; ".join(each.servers), only_wide=True),
    Column(heading="job", cell=lambda each: "" if each.job is None else each.job.id, only_wide=True),
    Column(heading="id", cell=lambda each: each.id, only_wide=True),
)


@click.command(
    "timeline",
    epilog=format_examples(
        "dcvd domain timeline app.customer.com",
        "dcvd domain timeline app.customer.com --oldest --all -o wide",
        "dcvd domain timeline dom_01k2j3… --org Acme    also of one that is removed",
    ),
)
@domain_argument
@optional_organization_option
@click.option("--oldest", is_flag=True, help="The oldest entries first.")
@list_options(limit=25)
@config_option
def show_timeline(name: str, organization: str | None, oldest: bool, output: ListOutput, config: Path) -> None:
    """Show what happened to a domain, NAME or its id, newest first: requests, what checks saw, changes, jobs, events.

    A removed domain has no name any more: give its id, and --org.
    """

    async def work(operations: Operations) -> Listed[TimelineEntryOutput]:
        org_id, domain_id = await _find(operations, name, organization)
        return await operations.list_timeline(org_id, domain_id, newest_first=not oldest, extent=output.extent)

    print_list(perform(config, work), _COLUMNS, output, member="timeline", nothing="Nothing has happened yet.")


async def _find(operations: Operations, name: str, organization: str | None) -> tuple[str, str]:
    """Find the ids of organization and domain; the domain may be removed where its organization is given."""
    try:
        domain = await operations.find_domain(name, organization)
    except NotFound:
        if organization is None or "." in name:
            raise
        return (await find_organization(operations, organization)).id, name
    return domain.org_id, domain.id
