"""`dcvd audit`: lists who changed what, and verifies that no entry was changed or removed."""

import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from dcvd.api.audit.view import AuditEntryView, audit_entry_view
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.tables import format_table
from dcvd.config import load
from dcvd.core.audit import DAEMON_CHAIN, AuditAction, AuditChain, ChainFault
from dcvd.core.durations import parse_duration
from dcvd.core.instants import from_rfc3339
from dcvd.errors import NotFound
from dcvd.services import audit as audit_service
from dcvd.services.audit import AuditFilters
from dcvd.store.engine.read_only import open_snapshot
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.organizations import organizations

_C = TypeVar("_C", bound=Callable[..., Any])


class VerifiedChain(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What verifying one chain has shown."""

    org_id: str
    first_sequence: int
    sound: int
    fault: str | None
    fault_sequence: int | None
    last_hash: str


@click.group("audit", epilog=format_examples("dcvd audit list --org Acme --since 7d", "dcvd audit verify"))
def audit() -> None:
    """Show and verify the audit, which says who changed what.

    Both read the database itself, while the daemon runs and while it does not.
    """


def _organization_option(help_text: str) -> Callable[[_C], _C]:
    return click.option("--org", "organization", metavar="ORG", help=help_text)


def _parse_since(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        return from_rfc3339(value)
    except ValueError:
        pass
    try:
        return time.time_ns() // 1_000_000 - parse_duration(value)
    except ValueError as error:
        message = f"{value!r} is neither an instant such as 2026-01-15T10:30:00Z nor a duration such as 7d."
        raise click.BadParameter(message) from error


@audit.command(
    "list",
    epilog=format_examples(
        "dcvd audit list --org Acme --since 7d",
        "dcvd audit list --org Acme --action token.minted --actor token:token_01k2j3…",
        "dcvd audit list --json | jq '.audit[] | select(.action | startswith(\"vault.\"))'",
    ),
)
@_organization_option("An organization, by id or by name; without it, what concerns none or one that was deleted.")
@click.option("--actor", help="Only what this actor changed, such as `operator:0` or `token:` and a token's id.")
@click.option(
    "--action",
    type=click.Choice([action.value for action in AuditAction]),
    metavar="ACTION",
    help="Only these changes, such as `domain.removed`.",
)
@click.option("--object", "object_id", metavar="ID", help="Only changes of the object with this id.")
@click.option(
    "--since",
    callback=_parse_since,
    metavar="WHEN",
    help="Only changes since an instant (RFC 3339), or within a duration such as `7d`.",
)
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="The most entries to show.")
@json_option
@config_option
def list_entries(
    organization: str | None,
    actor: str | None,
    action: str | None,
    object_id: str | None,
    since: int | None,
    limit: int,
    as_json: bool,
    config: Path,
) -> None:
    """List who changed what, newest first."""
    filters = AuditFilters(
        actor=actor, action=None if action is None else AuditAction(action), object_id=object_id, since=since
    )
    with open_snapshot(_find_database(config)) as snapshot:
        org_id = None if organization is None else _find_organization(snapshot, organization)
        entries = [audit_entry_view(entry) for entry in islice(audit_service.iterate(snapshot, org_id, filters), limit)]
    if as_json:
        print_json({"audit": entries})
    elif not entries:
        click.echo("There is no such entry.", err=True)
    else:
        click.echo(
            format_table(("at", "actor", "action", "object", "change"), [_format_entry(each) for each in entries])
        )


def _format_entry(entry: AuditEntryView) -> tuple[str, ...]:
    change = " -> ".join(bytes(part).decode() for part in (entry.before, entry.after) if part is not None)
    return (entry.at, entry.actor, entry.action.value, entry.object_id or "", change)


def _find_database(config: Path) -> Path:
    return load(config, {}, need_cloudflare=False).config.database.path


def _find_organization(snapshot: Snapshot, id_or_name: str) -> str:
    organization = organizations.find(snapshot, id_or_name)
    if organization is None:
        raise NotFound(f"There is no organization {id_or_name!r}; `dcvd org list` shows those that exist.")
    return organization.id


@audit.command(
    "verify", epilog=format_examples("dcvd audit verify", "dcvd audit verify --org Acme", "dcvd audit verify --json")
)
@_organization_option("Only the chain of this organization, by id or by name.")
@json_option
@config_option
def verify(organization: str | None, as_json: bool, config: Path) -> None:
    """Verify every chain of entries, one for each organization and one of the daemon's own.

    A changed or removed entry shows, because each holds the hash of the one before.
    The exit code is 1 if an entry is not as it was written.
    """
    with open_snapshot(_find_database(config)) as snapshot:
        verified = (
            audit_service.verify_chains(snapshot)
            if organization is None
            else [audit_service.verify_chain(snapshot, _find_organization(snapshot, organization))]
        )
        chains = [_to_result(chain, count, fault) for chain, count, fault in verified]
    broken = [chain for chain in chains if chain.fault is not None]
    if as_json:
        print_json({"chains": chains, "sound": not broken})
    else:
        _print_results(chains)
    if broken:
        raise SystemExit(1)


def _to_result(chain: AuditChain, count: int, fault: ChainFault | None) -> VerifiedChain:
    return VerifiedChain(
        org_id=chain.org_id,
        first_sequence=chain.first_sequence,
        sound=count,
        fault=None if fault is None else fault.reason,
        fault_sequence=None if fault is None else fault.sequence,
        last_hash=chain.last_hash.hex(),
    )


def _print_results(chains: Sequence[VerifiedChain]) -> None:
    for chain in chains:
        name = "the daemon's own" if chain.org_id == DAEMON_CHAIN else chain.org_id
        if chain.fault is not None:
            click.echo(f"{name}: BROKEN at entry {chain.fault_sequence}: {chain.fault}.")
    sound = [chain for chain in chains if chain.fault is None]
    click.echo(f"{sum(chain.sound for chain in sound)} entries in {len(sound)} chains are as they were written.")
