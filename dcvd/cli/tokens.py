"""`dcvd token`: creates, lists and revokes the keys to the API."""

from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec import UNSET

from dcvd.api.operators.view import OrganizationView
from dcvd.api.tokens.view import TokenView, UsageDayView, UsageView
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
    read_duration_ms,
)
from dcvd.cli.sent_values import SentOption
from dcvd.cli.terminal.ages import read_clock
from dcvd.cli.terminal.columns import Age, Column, Tone
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.lists import print_list, print_table
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.tables import format_instant
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import DAY, from_rfc3339
from dcvd.core.tokens.token import Role
from dcvd.services.tokens.changes import MAX_GRACE_MS, TokenChanges
from dcvd.services.tokens.rights import TokenLimits

_MAX_LIFETIME_MS: Final = 36_500 * DAY


def _parse_lifetime_ms(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    """Parse a lifetime into milliseconds."""
    if value is None:
        return None
    lifetime = read_duration_ms(value)
    if not 0 < lifetime <= _MAX_LIFETIME_MS:
        raise click.BadParameter(f"{value} is not between 1ms and 36500d.")
    return lifetime


def _parse_grace_ms(_context: click.Context, _parameter: click.Parameter, value: str) -> int:
    grace_ms = read_duration_ms(value)
    if grace_ms > MAX_GRACE_MS:
        raise click.BadParameter(f"{value} is longer than 7d.")
    return grace_ms


def _end_of(lifetime_ms: int) -> int:
    return read_clock() + lifetime_ms


def _is_expired(token: TokenView) -> bool:
    return token.expires_at is not None and from_rfc3339(token.expires_at) <= read_clock()


def _judge_expiry(token: TokenView) -> Tone:
    return "bad" if _is_expired(token) else "plain"


_USAGE_COLUMNS: Final[tuple[Column[UsageDayView], ...]] = (
    Column(heading="day", cell=lambda each: each.day.isoformat()),
    Column(heading="operation", cell=lambda each: each.operation, shortest=20),
    Column(heading="requests", cell=lambda each: str(each.requests)),
    Column(heading="errors", cell=lambda each: str(each.errors)),
)
_COLUMNS: Final[tuple[Column[TokenView], ...]] = (
    Column(heading="name", cell=lambda each: each.name, shortest=12),
    Column(heading="role", cell=lambda each: each.role.value, gives_way=4),
    Column(heading="id", cell=lambda each: each.id),
    Column(heading="created", cell=lambda each: Age(each.created_at), gives_way=1),
    Column(
        heading="expires",
        cell=lambda each: Age(each.expires_at, "never", "expired " if _is_expired(each) else ""),
        gives_way=3,
        tone=_judge_expiry,
    ),
    Column(heading="last used", cell=lambda each: Age(each.last_used_at, "never"), gives_way=2),
    Column(heading="from", cell=lambda each: each.last_address or "", only_wide=True),
    Column(heading="scopes", cell=lambda each: " ".join(each.scopes or ["all"]), only_wide=True),
)


_check_token_id = check_id(IdPrefix.TOKEN, "token", may_be_imported=True)
_check_member_id = check_id(IdPrefix.MEMBER, "member", may_be_imported=True)


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
    cls=SentOption,
    sends="expiresAt",
    callback=_parse_lifetime_ms,
    metavar="DURATION",
    help="Such as 90d or 12h; without it the token does not expire.",
)
@click.option("--member", "member_id", callback=_check_member_id, metavar="ID", help="Whose it is; else nobody's.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="What it may do, such as domains:read; more.")
@click.option(
    "--domain", "domains", multiple=True, metavar="DOMAIN", help="What it may know of: an id, a name, or *.NAME; more."
)
@click.option(
    "--network",
    "networks",
    cls=SentOption,
    sends="allowedNetworks",
    multiple=True,
    metavar="CIDR",
    help="From where it works; more.",
)
@click.option("--read-only", is_flag=True, help="It changes nothing, whatever its role.")
@click.option("--quiet", is_flag=True, help="Print the token alone.")
@json_option
@config_option
def create(
    organization: str,
    name: str,
    role: str,
    lifetime: int | None,
    member_id: str | None,
    scopes: tuple[str, ...],
    domains: tuple[str, ...],
    networks: tuple[str, ...],
    read_only: bool,
    quiet: bool,
    as_json: bool,
    config: Path,
) -> None:
    """Create a token. It is printed this once, because only its hash is stored."""
    if quiet and as_json:
        raise click.UsageError("--quiet and --json exclude each other: choose one.")
    expires_at = None if lifetime is None else _end_of(lifetime)
    limits = TokenLimits(
        scopes=scopes or None, domains=domains or None, read_only=read_only, allowed_networks=networks or None
    )

    async def work(operations: Operations) -> tuple[OrganizationView, TokenView]:
        owner = await find_organization(operations, organization)
        minted = await operations.create_token(
            owner.id, name=name, role=Role(role), expires_at=expires_at, member_id=member_id, limits=limits
        )
        return owner, minted

    owner, minted = perform(config, work)
    if quiet:
        click.echo(minted.token)
    elif as_json:
        members = msgspec.to_builtins(minted)
        del members["lastUsedAt"]  # says nothing of a token that is new
        print_json({"token": members})
    else:
        _print_token(owner, minted)
        print_prose("Keep the token safe: it cannot be shown again.", err=True)


@tokens.command(
    "list",
    epilog=format_examples("dcvd token list --org Acme", "dcvd token list --org Acme --json | jq -r '.tokens[].name'"),
)
@organization_option
@list_options(limit=None)
@config_option
def list_tokens(organization: str, output: ListOutput, config: Path) -> None:
    """List an organization's tokens. The newest comes first, and their plain text never."""

    async def work(operations: Operations) -> Listed[TokenView]:
        owner = await find_organization(operations, organization)
        return await operations.list_tokens(owner.id, output.extent)

    print_list(
        perform(config, work),
        _COLUMNS,
        output,
        member="tokens",
        nothing=f"{organization} has no tokens: dcvd token create --org ORG --name NAME",
    )


@tokens.command(
    "change",
    epilog=format_examples(
        "dcvd token change --org Acme --name deployment token_01k2j3…",
        "dcvd token change --org Acme --expires-in 90d token_01k2j3…",
        "dcvd token change --org Acme --never-expires token_01k2j3…",
    ),
)
@click.argument("token_id", metavar="ID", callback=_check_token_id)
@organization_option
@click.option("--name", help="What or whom the token is for.")
@click.option(
    "--expires-in",
    "lifetime",
    cls=SentOption,
    sends="expiresAt",
    callback=_parse_lifetime_ms,
    metavar="DURATION",
    help="Counted from now, such as 90d.",
)
@click.option("--never-expires", is_flag=True, help="It lives until it is revoked.")
@json_option
@config_option
def change(
    token_id: str,
    organization: str,
    name: str | None,
    lifetime: int | None,
    never_expires: bool,
    as_json: bool,
    config: Path,
) -> None:
    """Change the name or the expiry of the token with this ID. Its rights never change: create another one."""
    if never_expires and lifetime is not None:
        raise click.UsageError("--expires-in and --never-expires exclude each other: choose one.")
    if name is None and lifetime is None and not never_expires:
        raise click.UsageError("Give what is to change: --name, --expires-in or --never-expires.")
    changes = TokenChanges(
        name=UNSET if name is None else name,
        expires_at=None if never_expires else UNSET if lifetime is None else _end_of(lifetime),
    )

    async def work(operations: Operations) -> tuple[OrganizationView, TokenView]:
        owner = await find_organization(operations, organization)
        return owner, await operations.change_token(owner.id, token_id, changes)

    owner, changed = perform(config, work)
    if as_json:
        print_json({"token": changed})
    else:
        _print_token(owner, changed)


@tokens.command(
    "rotate",
    epilog=format_examples(
        "dcvd token rotate --org Acme token_01k2j3…", "dcvd token rotate --org Acme --grace 0s token_01k2j3…"
    ),
)
@click.argument("token_id", metavar="ID", callback=_check_token_id)
@organization_option
@click.option(
    "--grace",
    "grace_ms",
    cls=SentOption,
    sends="graceSeconds",
    callback=_parse_grace_ms,
    default="1h",
    show_default=True,
    metavar="DURATION",
    help="How long the present token works beside the new one, up to 7d.",
)
@click.option("--quiet", is_flag=True, help="Print the token alone.")
@config_option
def rotate(token_id: str, organization: str, grace_ms: int, quiet: bool, config: Path) -> None:
    """Make a new secret for the token with this ID. It keeps its id, name and rights."""

    async def work(operations: Operations) -> tuple[OrganizationView, TokenView]:
        owner = await find_organization(operations, organization)
        return owner, await operations.rotate_token(owner.id, token_id, grace_ms=grace_ms)

    owner, rotated = perform(config, work)
    if quiet:
        click.echo(rotated.token)
    else:
        _print_token(owner, rotated)
        print_prose("Keep the token safe: it cannot be shown again.", err=True)


@tokens.command(
    "revoke",
    epilog=format_examples("dcvd token revoke --org Acme token_01k2j3…", "dcvd token revoke --org Acme --all"),
)
@click.argument("token_id", metavar="ID", required=False, callback=_check_token_id)
@organization_option
@click.option("--descendants", is_flag=True, help="Also revoke the tokens that it minted, and those that they minted.")
@click.option("--all", "is_all", is_flag=True, help="Revoke all tokens of the organization.")
@json_option
@config_option
def revoke(
    token_id: str | None, organization: str, descendants: bool, is_all: bool, as_json: bool, config: Path
) -> None:
    """Revoke the token with this ID. It stops working at once."""
    if is_all == (token_id is not None):
        raise click.UsageError("Give the ID of a token, or --all.")

    async def work(operations: Operations) -> tuple[OrganizationView, int]:
        owner = await find_organization(operations, organization)
        if token_id is None:
            return owner, await operations.revoke_all_tokens(owner.id)
        await operations.revoke_token(owner.id, token_id, with_descendants=descendants)
        return owner, 1

    owner, count = perform(config, work)
    if as_json:
        print_json({"revoked": token_id if token_id is not None else count})
    elif token_id is not None:
        print_prose(f"Revoked {token_id} of {owner.name}.")
    else:
        print_prose(f"Revoked the tokens of {owner.name}: {count}.")


@tokens.command("usage", epilog=format_examples("dcvd token usage --org Acme token_01k2j3…"))
@click.argument("token_id", metavar="ID", callback=_check_token_id)
@organization_option
@json_option
@config_option
def usage(token_id: str, organization: str, as_json: bool, config: Path) -> None:
    """Show how the token with this ID was used in the last 90 days."""

    async def work(operations: Operations) -> UsageView:
        owner = await find_organization(operations, organization)
        return await operations.get_token_usage(owner.id, token_id)

    found = perform(config, work)
    if as_json:
        print_json({"usage": found})
        return
    facts = [
        ("Last used", format_instant(found.last_used_at, missing="never")),
        ("From", found.last_address or "unknown"),
        ("Requests", str(found.requests)),
        ("Errors", str(found.errors)),
    ]
    print_facts(facts)
    if found.days:
        print_table(found.days, _USAGE_COLUMNS, is_wide=False)


def _print_token(owner: OrganizationView, minted: TokenView) -> None:
    print_facts(
        [
            *([("Token", minted.token)] if minted.token else []),
            ("Name", minted.name),
            ("Organization", f"{owner.name} ({owner.id})"),
            ("Role", minted.role.value),
            *_describe_limits(minted),
            ("Expires", format_instant(minted.expires_at, missing="never")),
            ("Id", minted.id),
        ]
    )


def _describe_limits(token: TokenView) -> list[tuple[str, str]]:
    """Describe what a token is limited to; nothing where it is not."""
    limits = [
        ("Scopes", ", ".join(token.scopes or [])),
        ("Domains", ", ".join(token.domains or [])),
        ("Networks", ", ".join(token.allowed_networks or [])),
        ("Read only", "yes" if token.read_only else ""),
    ]
    return [(name, value) for name, value in limits if value]
