"""`dcvd session`: the browsers that are signed in with organizations' tokens."""

from pathlib import Path
from typing import Final

import click

from dcvd.api.operators.view import OrganizationView
from dcvd.api.sessions.view import SessionView
from dcvd.cli.extents import Listed
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
from dcvd.cli.terminal.columns import Age, Column
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.prose import print_prose
from dcvd.core.ids import IdPrefix

_COLUMNS: Final[tuple[Column[SessionView], ...]] = (
    Column(heading="browser", cell=lambda each: each.user_agent or "unknown", gives_way=4),
    Column(heading="address", cell=lambda each: each.address or "unknown", gives_way=3),
    Column(heading="id", cell=lambda each: each.id),
    Column(heading="token", cell=lambda each: each.token_id, gives_way=2),
    Column(heading="ends", cell=lambda each: Age(each.ends_at, "never"), gives_way=1),
    Column(heading="last used", cell=lambda each: Age(each.last_used_at, "never")),
)


@click.group(
    "session",
    epilog=format_examples("dcvd session list --org Acme", "dcvd session end --org Acme --all"),
)
def sessions() -> None:
    """List and end the sessions in which browsers act with the rights of an organization's tokens.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@sessions.command("list", epilog=format_examples("dcvd session list --org Acme"))
@organization_option
@list_options(limit=None)
@config_option
def list_sessions(organization: str, output: ListOutput, config: Path) -> None:
    """List the sessions of an organization that have not ended. The newest comes first."""

    async def work(operations: Operations) -> Listed[SessionView]:
        owner = await find_organization(operations, organization)
        return await operations.list_sessions(owner.id, output.extent)

    nothing = f"Nobody is signed in with a token of {organization}."
    print_list(perform(config, work), _COLUMNS, output, member="sessions", nothing=nothing)


@sessions.command(
    "end", epilog=format_examples("dcvd session end --org Acme ses_01k2j3…", "dcvd session end --org Acme --all")
)
@click.argument("session_id", metavar="ID", required=False, callback=check_id(IdPrefix.SESSION, "session"))
@organization_option
@click.option("--all", "is_all", is_flag=True, help="End all sessions of the organization.")
@json_option
@config_option
def end(session_id: str | None, organization: str, is_all: bool, as_json: bool, config: Path) -> None:
    """End the session with this ID at once. Its token goes on; see `dcvd token revoke`."""
    if is_all == (session_id is not None):
        raise click.UsageError("Give the ID of a session, or --all.")

    async def work(operations: Operations) -> tuple[OrganizationView, int]:
        owner = await find_organization(operations, organization)
        if session_id is None:
            return owner, await operations.end_all_sessions(owner.id)
        await operations.end_session(owner.id, session_id)
        return owner, 1

    owner, count = perform(config, work)
    if as_json:
        print_json({"ended": session_id if session_id is not None else count})
    elif session_id is not None:
        print_prose(f"Ended {session_id} of {owner.name}.")
    else:
        print_prose(f"Ended the sessions of {owner.name}: {count}.")
