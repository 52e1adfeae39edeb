"""`dcvd zone`: the zones that an organization proves as a whole."""

from pathlib import Path
from typing import Final

import click

from dcvd.api.zones.view import ZoneView
from dcvd.cli.extents import take_extent
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import (
    config_option,
    format_examples,
    json_option,
    list_options,
    organization_option,
    print_json,
)
from dcvd.cli.terminal.columns import Age, Column
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.tables import format_instant
from dcvd.errors import NotFound

_COLUMNS: Final[tuple[Column[ZoneView], ...]] = (
    Column(heading="name", cell=lambda each: each.name, shortest=16),
    Column(heading="status", cell=lambda each: each.status.value),
    Column(heading="checked", cell=lambda each: Age(each.checked_at, "never"), gives_way=1),
    Column(heading="id", cell=lambda each: each.id),
)


@click.group("zone", epilog=format_examples("dcvd zone add --org Acme customer.com", "dcvd zone list --org Acme"))
def zones() -> None:
    """Add, list, check and remove zones. Who has proved a zone has every name in it that they add.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@zones.command("add", epilog=format_examples("dcvd zone add --org Acme customer.com"))
@click.argument("name")
@organization_option
@json_option
@config_option
def add(name: str, organization: str, as_json: bool, config: Path) -> None:
    """Add the zone NAME, and print the record that proves it."""

    async def work(operations: Operations) -> ZoneView:
        return await operations.add_zone((await find_organization(operations, organization)).id, name)

    _print_zone(perform(config, work), as_json=as_json)


@zones.command("list", epilog=format_examples("dcvd zone list --org Acme"))
@organization_option
@list_options(limit=None)
@config_option
def list_zones(organization: str, output: ListOutput, config: Path) -> None:
    """List an organization's zones, newest first."""

    async def work(operations: Operations) -> list[ZoneView]:
        return await operations.list_zones((await find_organization(operations, organization)).id)

    nothing = f"{organization} has no zones: dcvd zone add --org ORG NAME"
    print_list(take_extent(perform(config, work), output.extent), _COLUMNS, output, member="zones", nothing=nothing)


@zones.command("check", epilog=format_examples("dcvd zone check --org Acme customer.com"))
@click.argument("zone")
@organization_option
@json_option
@config_option
def check(zone: str, organization: str, as_json: bool, config: Path) -> None:
    """Ask DNS for the record of ZONE, which is an id or a name. One that had expired is looked for again."""

    async def work(operations: Operations) -> ZoneView:
        org_id = (await find_organization(operations, organization)).id
        return await operations.check_zone(org_id, (await _find_zone(operations, org_id, zone)).id)

    _print_zone(perform(config, work), as_json=as_json)


@zones.command("remove", epilog=format_examples("dcvd zone remove --org Acme customer.com"))
@click.argument("zone")
@organization_option
@json_option
@config_option
def remove(zone: str, organization: str, as_json: bool, config: Path) -> None:
    """Remove ZONE, which is an id or a name, so that another organization can prove it. Its domains stay proved."""

    async def work(operations: Operations) -> str:
        org_id = (await find_organization(operations, organization)).id
        found = await _find_zone(operations, org_id, zone)
        await operations.remove_zone(org_id, found.id)
        return found.name

    removed = perform(config, work)
    print_json({"removed": removed}) if as_json else print_prose(f"Removed {removed}.")


async def _find_zone(operations: Operations, org_id: str, id_or_name: str) -> ZoneView:
    """Find a zone of an organization by its id or name. Raises NotFound."""
    name = id_or_name.lower().removesuffix(".")
    for zone in await operations.list_zones(org_id):
        if id_or_name == zone.id or name == zone.name:
            return zone
    raise NotFound(f"The organization has no zone {id_or_name!r}; `dcvd zone list` shows those that it has.")


def _print_zone(zone: ZoneView, *, as_json: bool) -> None:
    if as_json:
        print_json({"zone": zone})
        return
    facts = [("Name", zone.name), ("Status", zone.status.value)]
    if zone.record is not None:
        facts.append(("Record", f"{zone.record.name} {zone.record.type} {zone.record.value}"))
    print_facts([*facts, ("Checked", format_instant(zone.checked_at, missing="never")), ("Id", zone.id)])
