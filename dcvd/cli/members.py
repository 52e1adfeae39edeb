"""`dcvd member`: the people of an organization, so that it gets its first owner."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import click

from dcvd.api.members.view import MemberView
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
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.tables import format_instant
from dcvd.core.ids import IdPrefix
from dcvd.core.members import MemberStatus
from dcvd.core.tokens.token import Role

_COLUMNS: Final[tuple[Column[MemberView], ...]] = (
    Column(heading="address", cell=lambda each: each.address, shortest=12),
    Column(heading="role", cell=lambda each: each.role.value, gives_way=1),
    Column(heading="status", cell=lambda each: each.status.value),
    Column(heading="id", cell=lambda each: each.id),
)
_check_member_id = check_id(IdPrefix.MEMBER, "member", may_be_imported=True)
_ROLE: Final = click.Choice([role.value for role in reversed(Role)])


@click.group(
    "member",
    epilog=format_examples(
        "dcvd member invite --org Acme person@example.com --role owner", "dcvd member list --org Acme"
    ),
)
def members() -> None:
    """Invite, list, change and remove the people of an organization.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@members.command("invite", epilog=format_examples("dcvd member invite --org Acme person@example.com --role owner"))
@click.argument("address")
@organization_option
@click.option("--role", type=_ROLE, default=Role.MEMBER.value, show_default=True, help="What they may do.")
@json_option
@config_option
def invite(address: str, organization: str, role: str, as_json: bool, config: Path) -> None:
    """Invite the person at ADDRESS. The invitation is printed this once, and is good for one use within 7 days."""
    _print_invitation(
        _perform(organization, config, lambda ops, org_id: ops.invite_member(org_id, address, Role(role))), as_json
    )


@members.command("invite-again", epilog=format_examples("dcvd member invite-again --org Acme mem_01k2j3…"))
@click.argument("member_id", metavar="ID", callback=_check_member_id)
@organization_option
@json_option
@config_option
def invite_again(member_id: str, organization: str, as_json: bool, config: Path) -> None:
    """Make a new invitation for the member with this ID, who has not accepted yet. The earlier one ends."""
    _print_invitation(
        _perform(organization, config, lambda ops, org_id: ops.invite_member_again(org_id, member_id)), as_json
    )


@members.command("list", epilog=format_examples("dcvd member list --org Acme"))
@organization_option
@list_options(limit=None)
@config_option
def list_members(organization: str, output: ListOutput, config: Path) -> None:
    """List an organization's members, newest first."""

    async def work(operations: Operations) -> list[MemberView]:
        return await operations.list_members((await find_organization(operations, organization)).id)

    nothing = f"{organization} has no members: dcvd member invite --org ORG ADDRESS"
    print_list(take_extent(perform(config, work), output.extent), _COLUMNS, output, member="members", nothing=nothing)


@members.command("change", epilog=format_examples("dcvd member change --org Acme mem_01k2j3… --role owner"))
@click.argument("member_id", metavar="ID", callback=_check_member_id)
@organization_option
@click.option("--role", type=_ROLE, help="What they may do from now on.")
@click.option(
    "--status", type=click.Choice([MemberStatus.ACTIVE, MemberStatus.SUSPENDED]), help="Suspend, or end that."
)
@json_option
@config_option
def change(
    member_id: str, organization: str, role: str | None, status: str | None, as_json: bool, config: Path
) -> None:
    """Change the member with this ID, also the last owner. Their tokens follow at once."""
    new_role, new_status = None if role is None else Role(role), None if status is None else MemberStatus(status)
    member = _perform(
        organization,
        config,
        lambda ops, org_id: ops.change_member(org_id, member_id, role=new_role, status=new_status),
    )
    if as_json:
        print_json({"member": member})
    else:
        print_prose(f"{member.address} is {member.status.value}, with the role {member.role.value}.")


@members.command("remove", epilog=format_examples("dcvd member remove --org Acme mem_01k2j3…"))
@click.argument("member_id", metavar="ID", callback=_check_member_id)
@organization_option
@json_option
@config_option
def remove(member_id: str, organization: str, as_json: bool, config: Path) -> None:
    """Remove the member with this ID, and revoke their tokens."""

    async def work(operations: Operations) -> None:
        await operations.remove_member((await find_organization(operations, organization)).id, member_id)

    perform(config, work)
    print_json({"removed": member_id}) if as_json else print_prose(f"Removed {member_id}.")


def _print_invitation(member: MemberView, as_json: bool) -> None:
    if as_json:
        print_json({"member": member})
        return
    print_facts(
        [
            ("Invitation", member.invite_token or ""),
            ("Address", member.address),
            ("Role", member.role.value),
            ("Expires", format_instant(member.invite_expires_at, missing="")),
            ("Id", member.id),
        ]
    )
    print_prose("Give the invitation to that person alone: it cannot be shown again.", err=True)


def _perform(organization: str, config: Path, work: Callable[[Operations, str], Awaitable[MemberView]]) -> MemberView:
    async def find_and_work(operations: Operations) -> MemberView:
        return await work(operations, (await find_organization(operations, organization)).id)

    return perform(config, find_and_work)
