"""`dcvd audit`: verifies that no entry of the audit was changed or removed."""

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.config import load
from dcvd.core.audit import DAEMON_CHAIN, AuditChain, ChainFault
from dcvd.services import audit as audit_service
from dcvd.store.engine.read_only import open_snapshot


class VerifiedChain(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What verifying one chain has shown."""

    org_id: str
    first_sequence: int
    sound: int
    fault: str | None
    fault_sequence: int | None
    last_hash: str


@click.group("audit", epilog=format_examples("dcvd audit verify"))
def audit() -> None:
    """Verify the audit, which says who changed what."""


@audit.command("verify", epilog=format_examples("dcvd audit verify", "dcvd audit verify --json"))
@json_option
@config_option
def verify(as_json: bool, config: Path) -> None:
    """Verify every chain of entries, one for each organization and one of the daemon's own.

    A changed or removed entry shows, because each holds the hash of the one before. Works while the daemon runs.
    The exit code is 1 if an entry is not as it was written.
    """
    path = load(config, {}, need_cloudflare=False).config.database.path
    with open_snapshot(path) as snapshot:
        chains = [_to_result(chain, count, fault) for chain, count, fault in audit_service.verify_chains(snapshot)]
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
