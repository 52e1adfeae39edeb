"""`dcvd link`: links by which customers set up one domain each."""

from pathlib import Path
from typing import Final

import click

from dcvd.api.links.view import LinkView
from dcvd.cli.extents import take_extent
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import (
    check_id,
    config_option,
    format_examples,
    json_option,
    list_options,
    organization_option,
    print_json,
    read_duration_ms,
)
from dcvd.cli.terminal.columns import Age, Column
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.tables import format_instant
from dcvd.core.ids import IdPrefix
from dcvd.core.links import MAX_LIFETIME_MS, MIN_LIFETIME_MS


def _parse_lifetime_ms(_context: click.Context, _parameter: click.Parameter, value: str) -> int:
    lifetime_ms = read_duration_ms(value)
    if not MIN_LIFETIME_MS <= lifetime_ms <= MAX_LIFETIME_MS:
        raise click.BadParameter(f"{value} is not between 1m and 30d.")
    return lifetime_ms


_COLUMNS: Final[tuple[Column[LinkView], ...]] = (
    Column(heading="purpose", cell=lambda each: each.purpose.value, gives_way=4),
    Column(heading="status", cell=lambda each: each.status.value),
    Column(heading="domain", cell=lambda each: each.domain_id or "none yet", gives_way=3),
    Column(heading="id", cell=lambda each: each.id),
    Column(heading="expires", cell=lambda each: Age(each.expires_at, "never"), gives_way=2),
    Column(heading="last used", cell=lambda each: Age(each.last_used_at, "never"), gives_way=1),
)


@click.group(
    "link",
    epilog=format_examples("dcvd link create --org Acme app.customer.com", "dcvd link list --org Acme"),
)
def links() -> None:
    """Create, list and revoke short-lived links by which customers set up one domain each.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@links.command(
    "create",
    epilog=format_examples(
        "dcvd link create --org Acme app.customer.com", "dcvd link create --org Acme --new --expires-in 2h"
    ),
)
@click.argument("domain", required=False)
@organization_option
@click.option("--new", "is_new", is_flag=True, help="For a customer who has yet to type the name of their domain.")
@click.option(
    "--expires-in",
    "lifetime_ms",
    callback=_parse_lifetime_ms,
    default="1d",
    show_default=True,
    metavar="DURATION",
    help="How long it works, from 1m to 30d.",
)
@click.option("--return-to", metavar="URL", help="Where the customer's browser goes in the end; one that is allowed.")
@click.option("--quiet", is_flag=True, help="Print the token alone.")
@json_option
@config_option
def create(
    domain: str | None,
    organization: str,
    is_new: bool,
    lifetime_ms: int,
    return_to: str | None,
    quiet: bool,
    as_json: bool,
    config: Path,
) -> None:
    """Create a link for DOMAIN, which is an id or a name. Its token is printed this once."""
    if is_new == (domain is not None):
        raise click.UsageError("Give a DOMAIN, or --new.")
    if quiet and as_json:
        raise click.UsageError("--quiet and --json exclude each other: choose one.")

    async def work(operations: Operations) -> LinkView:
        org_id = (await find_organization(operations, organization)).id
        return await operations.create_link(org_id, domain=domain, lifetime_ms=lifetime_ms, return_to=return_to)

    link = perform(config, work)
    if as_json:
        print_json({"link": link})
        return
    if quiet:
        click.echo(link.token)
        return
    facts = [
        *([("Page", str(link.url))] if link.url else []),
        ("Token", str(link.token)),
        ("Purpose", link.purpose.value),
        ("Domain", link.domain_id or "none yet"),
        ("Expires", format_instant(link.expires_at, missing="never")),
        ("Id", link.id),
    ]
    print_facts(facts)
    print_prose("Give it to the customer alone: it cannot be shown again.", err=True)


@links.command("list", epilog=format_examples("dcvd link list --org Acme"))
@organization_option
@list_options(limit=None)
@config_option
def list_links(organization: str, output: ListOutput, config: Path) -> None:
    """List an organization's links. The newest comes first, and their tokens never."""

    async def work(operations: Operations) -> list[LinkView]:
        return await operations.list_links((await find_organization(operations, organization)).id)

    nothing = f"{organization} has no links: dcvd link create --org ORG DOMAIN"
    print_list(take_extent(perform(config, work), output.extent), _COLUMNS, output, member="links", nothing=nothing)


@links.command("revoke", epilog=format_examples("dcvd link revoke --org Acme link_01k2j3…"))
@click.argument("link_id", metavar="ID", callback=check_id(IdPrefix.LINK, "link"))
@organization_option
@json_option
@config_option
def revoke(link_id: str, organization: str, as_json: bool, config: Path) -> None:
    """Revoke the link with this ID. It stops working at once; what was done by it stays."""

    async def work(operations: Operations) -> None:
        await operations.revoke_link((await find_organization(operations, organization)).id, link_id)

    perform(config, work)
    print_json({"revoked": link_id}) if as_json else print_prose(f"Revoked {link_id}.")
