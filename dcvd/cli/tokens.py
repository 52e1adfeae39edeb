"""`dcvd token`: creates, lists and revokes the keys to the API."""

import time
from pathlib import Path
from typing import Final

import click
import msgspec

from dcvd.api.operators.view import OrganizationView
from dcvd.api.tokens.view import TokenView
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import config_option, format_examples, json_option, organization_option, print_json
from dcvd.cli.terminal.tables import format_facts, format_instant, format_table
from dcvd.core.durations import parse_duration
from dcvd.core.ids import IdPrefix, is_id
from dcvd.core.instants import DAY, from_rfc3339
from dcvd.core.tokens import Role

_MAX_LIFETIME_MS: Final = 36_500 * DAY


def _parse_lifetime_ms(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    """Parse a lifetime into milliseconds."""
    if value is None:
        return None
    try:
        lifetime = parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if not 0 < lifetime <= _MAX_LIFETIME_MS:
        raise click.BadParameter(f"{value} is not between 1ms and 36500d.")
    return lifetime


def _check_token_id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not is_id(IdPrefix.TOKEN, value):
        raise click.BadParameter(
            f"{value!r} is no token's id: one is token_ and 26 characters behind it; `dcvd token list` shows them."
        )
    return value


@click.group(
    "token",
    epilog=format_examples(
        "dcvd token create --org Acme --name ci",
        "dcvd token list --org Acme",
        "dcvd token revoke --org Acme token_01k2j3…",
    ),
)
def tokens() -> None:
    """Create, list and revoke API tokens: an organization's keys to the REST API.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@tokens.command(
    "create",
    epilog=format_examples(
        "dcvd token create --org Acme --name ci",
        "dcvd token create --org Acme --name reports --role member --expires-in 90d",
        "TOKEN=$(dcvd token create --org Acme --name ci --quiet)",
    ),
)
@organization_option
@click.option("--name", required=True, help="What or whom the token is for.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in reversed(Role)]),
    default=Role.OWNER.value,
    show_default=True,
    help="A member reads; an admin and an owner also write.",
)
@click.option(
    "--expires-in",
    "lifetime",
    callback=_parse_lifetime_ms,
    metavar="DURATION",
    help="Such as 90d or 12h; without it the token does not expire.",
)
@click.option("--quiet", is_flag=True, help="Print the token alone.")
@json_option
@config_option
def create(
    organization: str, name: str, role: str, lifetime: int | None, quiet: bool, as_json: bool, config: Path
) -> None:
    """Create a token. It is printed this once, because only its hash is stored."""
    if quiet and as_json:
        raise click.UsageError("--quiet and --json exclude each other: choose one.")
    expires_at = None if lifetime is None else time.time_ns() // 1_000_000 + lifetime

    async def work(operations: Operations) -> tuple[OrganizationView, TokenView]:
        owner = await find_organization(operations, organization)
        minted = await operations.create_token(owner.id, name=name, role=Role(role), expires_at=expires_at)
        return owner, minted

    owner, minted = perform(config, work)
    if quiet:
        click.echo(minted.token)
    elif as_json:
        members = msgspec.to_builtins(minted)
        del members["lastUsedAt"]  # says nothing of a token that is new
        print_json({"token": members})
    else:
        click.echo(_describe_token(owner, minted))
        click.echo("Keep the token safe: it cannot be shown again.", err=True)


@tokens.command(
    "list",
    epilog=format_examples("dcvd token list --org Acme", "dcvd token list --org Acme --json | jq -r '.tokens[].name'"),
)
@organization_option
@json_option
@config_option
def list_tokens(organization: str, as_json: bool, config: Path) -> None:
    """List an organization's tokens. The newest comes first, and their plain text never."""

    async def work(operations: Operations) -> list[TokenView]:
        owner = await find_organization(operations, organization)
        return await operations.list_tokens(owner.id)

    outputs = perform(config, work)
    if as_json:
        print_json({"tokens": outputs})
    elif not outputs:
        click.echo(f"{organization} has no tokens: dcvd token create --org ORG --name NAME", err=True)
    else:
        headings, now = ("name", "role", "id", "created", "expires", "last used"), time.time_ns() // 1_000_000
        click.echo(format_table(headings, [_to_row(each, now) for each in outputs]))


@tokens.command("revoke", epilog=format_examples("dcvd token revoke --org Acme token_01k2j3…"))
@click.argument("token_id", metavar="ID", callback=_check_token_id)
@organization_option
@click.option("--descendants", is_flag=True, help="Also revoke the tokens that it minted, and those that they minted.")
@json_option
@config_option
def revoke(token_id: str, organization: str, descendants: bool, as_json: bool, config: Path) -> None:
    """Revoke the token with this ID. It stops working at once."""

    async def work(operations: Operations) -> OrganizationView:
        owner = await find_organization(operations, organization)
        await operations.revoke_token(owner.id, token_id, with_descendants=descendants)
        return owner

    owner = perform(config, work)
    if as_json:
        print_json({"revoked": token_id})
    else:
        click.echo(f"Revoked {token_id} of {owner.name}.")


def _describe_token(owner: OrganizationView, minted: TokenView) -> str:
    return format_facts(
        [
            ("Token", minted.token or ""),
            ("Name", minted.name),
            ("Organization", f"{owner.name} ({owner.id})"),
            ("Role", minted.role.value),
            ("Expires", format_instant(minted.expires_at, missing="never")),
            ("Id", minted.id),
        ]
    )


def _to_row(token: TokenView, now: int) -> tuple[str, ...]:
    is_expired = token.expires_at is not None and from_rfc3339(token.expires_at) <= now
    return (
        token.name,
        token.role.value,
        token.id,
        format_instant(token.created_at, missing=""),
        ("expired " if is_expired else "") + format_instant(token.expires_at, missing="never"),
        format_instant(token.last_used_at, missing="never"),
    )
