"""`dcvd session`: the browsers that are signed in, to organizations and as operators."""

from pathlib import Path
from typing import Final

import click

from dcvd.api.operators.session_view import OperatorSessionView
from dcvd.api.sessions.view import SessionView
from dcvd.cli.extents import Listed
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import (
    check_id,
    config_option,
    format_examples,
    json_option,
    list_options,
    print_json,
)
from dcvd.cli.terminal.columns import Age, Column
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.prose import print_prose
from dcvd.core.ids import IdPrefix

_OPERATOR_COLUMNS: Final[tuple[Column[OperatorSessionView], ...]] = (
    Column(heading="browser", cell=lambda each: each.user_agent or "unknown", gives_way=3),
    Column(heading="address", cell=lambda each: each.address or "unknown", gives_way=2),
    Column(heading="id", cell=lambda each: each.id),
    Column(heading="uid", cell=lambda each: str(each.uid)),
    Column(heading="ends", cell=lambda each: Age(each.ends_at, "never"), gives_way=1),
    Column(heading="last used", cell=lambda each: Age(each.last_used_at, "never")),
)
_COLUMNS: Final[tuple[Column[SessionView], ...]] = (
    Column(heading="browser", cell=lambda each: each.user_agent or "unknown", gives_way=4),
    Column(heading="address", cell=lambda each: each.address or "unknown", gives_way=3),
    Column(heading="id", cell=lambda each: each.id),
    Column(heading="whose", cell=lambda each: each.token_id or each.member_id or "unknown", gives_way=2),
    Column(heading="ends", cell=lambda each: Age(each.ends_at, "never"), gives_way=1),
    Column(heading="last used", cell=lambda each: Age(each.last_used_at, "never")),
)


_organization_option: Final = click.option(
    "--org", "organization", metavar="ORG", help="The organization, by id or by name; else operators."
)


@click.group(
    "session",
    epilog=format_examples("dcvd session list --org Acme", "dcvd session end --org Acme --all"),
)
def sessions() -> None:
    """List and end the sessions in which browsers act for an organization, or as an operator.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@sessions.command("list", epilog=format_examples("dcvd session list --org Acme", "dcvd session list"))
@_organization_option
@list_options(limit=None)
@config_option
def list_sessions(organization: str | None, output: ListOutput, config: Path) -> None:
    """List the sessions of an organization that have not ended, or those of operators. The newest comes first."""
    if organization is None:
        listed = perform(config, lambda operations: operations.list_operator_sessions(output.extent))
        nothing = "No operator is signed in with a browser."
        print_list(listed, _OPERATOR_COLUMNS, output, member="sessions", nothing=nothing)
        return

    async def work(operations: Operations) -> Listed[SessionView]:
        owner = await find_organization(operations, organization)
        return await operations.list_sessions(owner.id, output.extent)

    nothing = f"Nobody is signed in to {organization}."
    print_list(perform(config, work), _COLUMNS, output, member="sessions", nothing=nothing)


@sessions.command(
    "end",
    epilog=format_examples(
        "dcvd session end --org Acme ses_01k2j3…", "dcvd session end --org Acme --all", "dcvd session end --all"
    ),
)
@click.argument("session_id", metavar="ID", required=False, callback=check_id(IdPrefix.SESSION, "session"))
@_organization_option
@click.option("--all", "is_all", is_flag=True, help="End all sessions of the organization, or of operators.")
@json_option
@config_option
def end(session_id: str | None, organization: str | None, is_all: bool, as_json: bool, config: Path) -> None:
    """End the session with this ID at once. A token with which it began goes on; see `dcvd token revoke`."""
    if is_all == (session_id is not None):
        raise click.UsageError("Give the ID of a session, or --all.")

    async def work(operations: Operations) -> tuple[str, int]:
        owner = None if organization is None else await find_organization(operations, organization)
        org_id, name = (None, "operators") if owner is None else (owner.id, owner.name)
        if session_id is None:
            return name, await operations.end_all_sessions(org_id)
        await operations.end_session(org_id, session_id)
        return name, 1

    name, count = perform(config, work)
    if as_json:
        print_json({"ended": session_id if session_id is not None else count})
    elif session_id is not None:
        print_prose(f"Ended {session_id} of {name}.")
    else:
        print_prose(f"Ended the sessions of {name}: {count}.")
