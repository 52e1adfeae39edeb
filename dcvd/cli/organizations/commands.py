"""`dcvd org`: creates, lists and changes the tenants' organizations."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from dcvd.api.operators.view import OrganizationSummaryView
from dcvd.cli.operations import perform
from dcvd.cli.options import config_option, format_examples, json_option, list_options, print_json
from dcvd.cli.organizations import changes, data
from dcvd.cli.organizations.branding import branding
from dcvd.cli.terminal.columns import Age, Column
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.prose import print_prose
from dcvd.core.organizations.status import OrganizationStatus


def _count_column(
    heading: str, count: Callable[[OrganizationSummaryView], int], *, gives_way: int
) -> Column[OrganizationSummaryView]:
    """Make a column of a count that is to be none."""
    return Column(
        heading=heading,
        cell=lambda each: str(count(each)),
        gives_way=gives_way,
        tone=lambda each: "bad" if count(each) else "plain",
    )


_COLUMNS: Final[tuple[Column[OrganizationSummaryView], ...]] = (
    Column(heading="name", cell=lambda each: each.name, shortest=12),
    Column(heading="id", cell=lambda each: each.id, gives_way=8),
    Column(
        heading="status",
        cell=lambda each: each.status.value,
        gives_way=6,
        tone=lambda each: "plain" if each.status is OrganizationStatus.ACTIVE else "doubtful",
    ),
    Column(heading="domains", cell=lambda each: str(each.domains), gives_way=7),
    Column(heading="ready", cell=lambda each: str(each.ready_domains)),
    _count_column("in error", lambda each: each.error_domains, gives_way=5),
    _count_column("failing webhooks", lambda each: each.failing_webhooks, gives_way=2),
    _count_column("dead deliveries", lambda each: each.dead_deliveries, gives_way=1),
    _count_column("dead jobs", lambda each: each.dead_jobs, gives_way=3),
    Column(heading="last event", cell=lambda each: Age(each.last_event_at, missing="never"), gives_way=4),
    Column(heading="disabled webhooks", cell=lambda each: str(each.disabled_webhooks), only_wide=True),
    Column(heading="last request", cell=lambda each: Age(each.last_request_at, missing="never"), only_wide=True),
    Column(heading="created", cell=lambda each: Age(each.created_at), only_wide=True),
)


@click.group("org", epilog=format_examples("dcvd org create Acme", "dcvd org list", "dcvd org show Acme"))
def organizations() -> None:
    """Create, list and change organizations: the tenants whose domains dcvd looks after.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@organizations.command(
    "create",
    epilog=format_examples("dcvd org create Acme", "dcvd org create 'Acme Pages' --json | jq -r .organization.id"),
)
@click.argument("name")
@json_option
@config_option
def create(name: str, as_json: bool, config: Path) -> None:
    """Create the organization NAME. No other may have that name.

    Where no daemon runs and there is no database yet, creates that too.
    """

    def created(database: Path) -> None:
        if not as_json:
            print_prose(f"Created the database {database}.", err=True)

    organization = perform(config, lambda operations: operations.create_organization(name), on_created=created)
    if as_json:
        print_json({"organization": organization})
        return
    print_prose(f"Created organization {organization.name}: {organization.id}")
    print_prose(f"Its first API token: dcvd token create --org {shlex.quote(organization.name)} --name NAME")


@organizations.command(
    "list", epilog=format_examples("dcvd org list", "dcvd org list --json | jq -r '.organizations[].id'")
)
@list_options(limit=None)
@config_option
def list_organizations(output: ListOutput, config: Path) -> None:
    """List every organization by name: what it has, what of it does not work, and when something happened last."""
    found = perform(config, lambda operations: operations.list_organization_summaries(output.extent))
    print_list(
        found,
        _COLUMNS,
        output,
        member="organizations",
        nothing="There are no organizations yet: dcvd org create NAME",
    )


for command in (
    changes.show,
    changes.rename,
    changes.quota,
    changes.suspend,
    changes.resume,
    data.export,
    data.delete,
    branding,
):
    organizations.add_command(command)
