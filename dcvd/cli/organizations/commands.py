"""`dcvd org`: creates, lists and changes the tenants' organizations."""

import shlex
from pathlib import Path

import click

from dcvd.cli.operations import perform
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.organizations import changes, data
from dcvd.cli.organizations.branding import branding
from dcvd.cli.terminal.tables import format_instant, format_table


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
            click.echo(f"Created the database {database}.", err=True)

    organization = perform(config, lambda operations: operations.create_organization(name), on_created=created)
    if as_json:
        print_json({"organization": organization})
        return
    click.echo(f"Created organization {organization.name}: {organization.id}")
    click.echo(f"Its first API token: dcvd token create --org {shlex.quote(organization.name)} --name NAME")


@organizations.command(
    "list", epilog=format_examples("dcvd org list", "dcvd org list --json | jq -r '.organizations[].id'")
)
@json_option
@config_option
def list_organizations(as_json: bool, config: Path) -> None:
    """List every organization, by name."""
    output = perform(config, lambda operations: operations.list_organizations())
    if as_json:
        print_json({"organizations": output})
    elif not output:
        click.echo("There are no organizations yet: dcvd org create NAME", err=True)
    else:
        rows = [(each.name, each.id, format_instant(each.created_at, missing=""), each.status.value) for each in output]
        click.echo(format_table(("name", "id", "created", "status"), rows))


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
