"""`dcvd audit`: lists who changed what, and verifies that no entry was changed or removed."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from dcvd.api.operators.all.views import OrganizationAuditEntry
from dcvd.cli.operations import perform
from dcvd.cli.options import (
    build_query,
    config_option,
    format_examples,
    json_option,
    list_options,
    print_json,
    since_option,
    some_organization_option,
)
from dcvd.cli.terminal.columns import Column
from dcvd.cli.terminal.emptiness import describe_nothing
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.prose import print_prose
from dcvd.config import load
from dcvd.core.audit import DAEMON_CHAIN, AuditAction, AuditChain, ChainFault
from dcvd.core.numbers import choose, count
from dcvd.errors import NotFound
from dcvd.services import audit as audit_service
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

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself); the audit is
    always verified in the database, and not by what a daemon says.
    """


def _organization_option(help_text: str) -> Callable[[_C], _C]:
    return click.option("--org", "organization", metavar="ORG", help=help_text)


def _show_change(entry: OrganizationAuditEntry) -> str:
    return " -> ".join(msgspec.json.encode(part).decode() for part in (entry.before, entry.after) if part is not None)


_COLUMNS: Final[tuple[Column[OrganizationAuditEntry], ...]] = (
    Column(heading="at", cell=lambda each: each.at),
    Column(
        heading="org",
        cell=lambda each: "" if each.organization is None else each.organization.name,
        shortest=8,
        gives_way=4,
    ),
    Column(heading="actor", cell=lambda each: each.actor, shortest=10, gives_way=3),
    Column(heading="action", cell=lambda each: each.action.value),
    Column(heading="object", cell=lambda each: each.object_id or "", gives_way=1),
    Column(heading="change", cell=_show_change, shortest=16, gives_way=2),
    Column(heading="no.", cell=lambda each: str(each.sequence), only_wide=True),
    Column(heading="address", cell=lambda each: each.address or "", only_wide=True),
    Column(heading="request", cell=lambda each: each.request_id or "", only_wide=True),
)


@audit.command(
    "list",
    epilog=format_examples(
        "dcvd audit list --org Acme --since 7d",
        "dcvd audit list --org Acme --action token.minted --actor token:token_01k2j3…",
        "dcvd audit list --object dom_01k2j3…",
        "dcvd audit list --own --json | jq '.audit[] | select(.action | startswith(\"vault.\"))'",
    ),
)
@some_organization_option
@click.option("--own", is_flag=True, help="Only what concerns no organization, or one that was deleted.")
@click.option("--actor", help="Only what this actor changed, such as `operator:0` or `token:` and a token's id.")
@click.option(
    "--action",
    type=click.Choice([action.value for action in AuditAction]),
    metavar="ACTION",
    help="Only these changes, such as `domain.removed`.",
)
@click.option("--object", "object_id", metavar="ID", help="Only changes of the object with this id.")
@since_option("changes")
@list_options(limit=100)
@config_option
def list_entries(
    organization: str | None,
    own: bool,
    actor: str | None,
    action: str | None,
    object_id: str | None,
    since: int | None,
    output: ListOutput,
    config: Path,
) -> None:
    """List who changed what in all organizations and in the daemon itself, newest first."""
    if own and organization is not None:
        raise click.UsageError("--own and --org exclude each other: choose one.")
    query = build_query(
        organization=organization,
        own="true" if own else None,
        actor=actor,
        action=action,
        objectId=object_id,
        since=since,
    )
    found = perform(config, lambda operations: operations.list_audit(query, output.extent))
    print_list(found, _COLUMNS, output, member="audit", nothing=describe_nothing("entries"))


def _find_database(config: Path) -> Path:
    return load(config, os.environ, need_cloudflare=False).config.database.path


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


def _print_results(verified: Sequence[VerifiedChain]) -> None:
    for chain in verified:
        name = "the daemon's own" if chain.org_id == DAEMON_CHAIN else chain.org_id
        if chain.fault is not None:
            print_prose(f"{name}: BROKEN at entry {chain.fault_sequence}: {chain.fault}.")
    sound = [chain for chain in verified if chain.fault is None]
    entries, chains = sum(chain.sound for chain in sound), count(len(sound), "chain")
    print_prose(
        f"{count(entries, 'entry', 'entries')} in {chains} "
        f"{choose(entries, 'is as it was', 'are as they were')} written."
    )
