"""`dcvd connection`: the connections of organizations to DNS providers."""

from pathlib import Path
from typing import Final

import click

from dcvd.api.operators.all.views import OrganizationConnection
from dcvd.cli.operations import perform
from dcvd.cli.options import (
    build_query,
    check_id,
    config_option,
    format_examples,
    list_options,
    output_option,
    print_json,
    some_organization_option,
)
from dcvd.cli.terminal.ages import format_instant
from dcvd.cli.terminal.columns import Age, Column
from dcvd.cli.terminal.emptiness import describe_nothing
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.organizations import ORGANIZATION_COLUMN
from dcvd.cli.terminal.output import ListOutput, OutputForm
from dcvd.core.connections.connection import ConnectionStatus, Provider
from dcvd.core.ids import IdPrefix

_COLUMNS: Final[tuple[Column[OrganizationConnection], ...]] = (
    Column(heading="id", cell=lambda each: each.id),
    ORGANIZATION_COLUMN,
    Column(heading="provider", cell=lambda each: each.provider.value),
    Column(
        heading="status",
        cell=lambda each: each.status.value,
        tone=lambda each: "good" if each.status is ConnectionStatus.ACTIVE else "bad",
    ),
    Column(heading="account", cell=lambda each: each.account or "", shortest=8, gives_way=3),
    Column(heading="last used", cell=lambda each: Age(each.last_used_at, missing="never"), gives_way=2),
    Column(
        heading="error",
        cell=lambda each: "" if each.last_error is None else each.last_error.code,
        shortest=12,
        gives_way=4,
    ),
    Column(heading="expires", cell=lambda each: Age(each.expires_at), gives_way=1),
    Column(heading="method", cell=lambda each: each.method.value, only_wide=True),
    Column(heading="created", cell=lambda each: Age(each.created_at), only_wide=True),
    Column(
        heading="message", cell=lambda each: "" if each.last_error is None else each.last_error.message, only_wide=True
    ),
)
_connection_argument = click.argument(
    "connection_id",
    metavar="CONNECTION",
    callback=check_id(IdPrefix.CONNECTION, "connection", may_be_imported=True),
)


@click.group(
    "connection",
    epilog=format_examples("dcvd connection list --status reauth_required", "dcvd connection show conn_…"),
)
def connections() -> None:
    """List the connections of organizations to DNS providers.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@connections.command(
    "list",
    epilog=format_examples(
        "dcvd connection list --status reauth_required", "dcvd connection list --provider cloudflare --org Acme"
    ),
)
@some_organization_option
@click.option(
    "--status", type=click.Choice([status.value for status in ConnectionStatus]), help="Only with this status."
)
@click.option(
    "--provider", type=click.Choice([provider.value for provider in Provider]), help="Only at this DNS provider."
)
@list_options()
@config_option
def list_connections(
    organization: str | None, status: str | None, provider: str | None, output: ListOutput, config: Path
) -> None:
    """List the connections of all organizations, newest first."""
    query = build_query(organization=organization, status=status, provider=provider)
    found = perform(config, lambda operations: operations.list_connections(query, output.extent))
    print_list(found, _COLUMNS, output, member="connections", nothing=describe_nothing("connections"))


@connections.command("show", epilog=format_examples("dcvd connection show conn_…"))
@_connection_argument
@output_option
@config_option
def show(connection_id: str, output: OutputForm, config: Path) -> None:
    """Show CONNECTION, an id: whether it works, and how many domains use it."""
    shown = perform(config, lambda operations: operations.show_connection(connection_id))
    if output == "json":
        print_json({"connection": shown})
        return
    fault = shown.last_error
    print_facts(
        [
            ("Id", shown.id),
            ("Organization", shown.organization.name),
            ("Provider", f"{shown.provider.value} ({shown.method.value})"),
            ("Status", shown.status.value),
            ("Account", shown.account or ""),
            ("Scopes", " ".join(shown.scopes)),
            ("Domains", str(shown.domains)),
            ("Last used", format_instant(shown.last_used_at, missing="never")),
            ("Last error", "" if fault is None else f"{fault.code} at {fault.at}: {fault.message}"),
            ("Expires", format_instant(shown.expires_at, missing="")),
            ("Refreshed", format_instant(shown.refresh_at, missing="")),
            ("Created", format_instant(shown.created_at, missing="")),
        ]
    )
