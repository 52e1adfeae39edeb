"""`dcvd alerts`: who is told by mail when something goes wrong in an organization."""

from pathlib import Path
from typing import Final

import click

from dcvd.api.alerts.view import ContactView
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
)
from dcvd.cli.terminal.columns import Column
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.prose import print_prose
from dcvd.core.alerts.kinds import CONTACT_KINDS, AlertKind
from dcvd.core.ids import IdPrefix

_KIND: Final = click.Choice([kind.value for kind in CONTACT_KINDS])

_COLUMNS: Final[tuple[Column[ContactView], ...]] = (
    Column(heading="address", cell=lambda each: each.address, shortest=14),
    Column(heading="status", cell=lambda each: each.status.value),
    Column(
        heading="told of",
        cell=lambda each: "everything" if each.kinds is None else " ".join(each.kinds),
        shortest=10,
        gives_way=2,
    ),
    Column(heading="id", cell=lambda each: each.id),
    Column(heading="last error", cell=lambda each: each.last_error or "", shortest=16, gives_way=1),
)


@click.group("alerts")
def alerts() -> None:
    """Say who is told by mail when something goes wrong.

    What the operator is told stands in the configuration, in the section [alerts].
    """


@alerts.group(
    "contacts",
    epilog=format_examples(
        "dcvd alerts contacts add --org Acme person@example.com", "dcvd alerts contacts list --org Acme"
    ),
)
def contacts() -> None:
    """Add, list and remove the contacts of an organization.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@contacts.command("add", epilog=format_examples("dcvd alerts contacts add --org Acme person@example.com"))
@click.argument("address", metavar="ADDRESS-OR-MEMBER")
@organization_option
@click.option("--kind", "kinds", type=_KIND, multiple=True, help="What they are told; everything unless given.")
@json_option
@config_option
def add(address: str, organization: str, kinds: tuple[str, ...], as_json: bool, config: Path) -> None:
    """Have an address, or the member with an id, asked by mail whether they want the alerts."""
    member_id = None if "@" in address else address
    chosen = [AlertKind(kind) for kind in kinds] or None

    async def work(operations: Operations) -> ContactView:
        org_id = (await find_organization(operations, organization)).id
        return await operations.add_contact(
            org_id, address=address if member_id is None else None, member_id=member_id, kinds=chosen
        )

    contact = perform(config, work)
    if as_json:
        print_json({"contact": contact})
    else:
        print_prose(f"{contact.address} is asked by mail, and told of alerts once they agree. ({contact.id})")


@contacts.command("list", epilog=format_examples("dcvd alerts contacts list --org Acme"))
@organization_option
@list_options(limit=None)
@config_option
def list_contacts(organization: str, output: ListOutput, config: Path) -> None:
    """List an organization's contacts, newest first."""

    async def work(operations: Operations) -> list[ContactView]:
        return await operations.list_contacts((await find_organization(operations, organization)).id)

    nothing = f"{organization} has no contacts: dcvd alerts contacts add --org ORG ADDRESS"
    print_list(take_extent(perform(config, work), output.extent), _COLUMNS, output, member="contacts", nothing=nothing)


@contacts.command("remove", epilog=format_examples("dcvd alerts contacts remove --org Acme con_01k2j3…"))
@click.argument(
    "contact_id",
    metavar="ID",
    callback=check_id(IdPrefix.CONTACT, "contact", listed_by="dcvd alerts contacts list"),
)
@organization_option
@json_option
@config_option
def remove(contact_id: str, organization: str, as_json: bool, config: Path) -> None:
    """Remove the contact with this ID, who gets no more mails."""

    async def work(operations: Operations) -> None:
        await operations.remove_contact((await find_organization(operations, organization)).id, contact_id)

    perform(config, work)
    print_json({"removed": contact_id}) if as_json else print_prose(f"Removed {contact_id}.")
