"""The vault at the start: every key that the database needs is there, or there is no start."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

import structlog

from dcvd.config import Config
from dcvd.errors import ConfigError
from dcvd.kit.vault.sealing import Vault
from dcvd.services.vault.keyring import VARIABLE, Found, Keyring, gather, make_key_file
from dcvd.store import oauth_states
from dcvd.store.engine.database import Database, Snapshot
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.sealed_columns import Kind
from dcvd.store.vault.vault_keys import NeededKey, key_path

log = structlog.get_logger(__name__)

_EXAMPLES: Final = 3
_BATCH: Final = 1000


async def open_vault(database: Database, config: Config, now: int, *, from_environment: Collection[str] = ()) -> Vault:
    """The vault with every key that the database needs; where it needs none and none is configured, a key file is made.

    `from_environment` names the variables that won over the TOML. The database's lock is held. Raises ConfigError when
    a needed key is not given, or a key file is damaged; then nothing was changed that anybody needs.
    """
    await _forget_ended(database, now)
    recorded, kinds = await database.read(
        lambda snapshot: (vault_keys.list_all(snapshot), sealed_columns.kinds(snapshot))
    )
    named = sealed_columns.key_ids(kinds)
    ring = await asyncio.to_thread(gather, config, recorded, named, from_environment)
    if missing := named - ring.ids:
        problems = await database.read(lambda snapshot: _problems(snapshot, config, ring, recorded, kinds, missing))
        raise ConfigError(problems)
    active = ring.active
    if active is None:
        active = await asyncio.to_thread(make_key_file, key_path(config.database.path))
    await _record(database, recorded, active, now)
    log.info("vault.opened", key_id=active.key.id, source=active.source, older=[found.key.id for found in ring.older])
    configured = config.oauth.encryption_key is not None
    return Vault(active.key, *(found.key for found in ring.older), configured=configured)


async def _forget_ended(database: Database, now: int) -> None:
    """Authorizations that ended need no key, and the janitor that removes them only runs once there is a start."""
    while await database.write(lambda tx: oauth_states.delete_expired(tx, now, _BATCH)) == _BATCH:
        pass


async def _record(database: Database, recorded: Sequence[NeededKey], active: Found, now: int) -> None:
    known = next((known for known in recorded if known.key_id == active.key.id), None)
    last = await database.read(vault_keys.active)
    if known is not None and (known.source, last) == (active.source, active.key.id):
        return
    row = NeededKey(key_id=active.key.id, source=active.source, salt=active.salt, created_at=now)
    await database.write(lambda tx: vault_keys.record(tx, row))


def _problems(
    snapshot: Snapshot,
    config: Config,
    ring: Keyring,
    recorded: Sequence[NeededKey],
    kinds: Sequence[Kind],
    missing: Collection[str],
) -> list[str]:
    """A sentence for each key that is not given: what it has sealed, where it was, and what to do."""
    known = {key.key_id: key for key in recorded}
    path = key_path(config.database.path)
    given = [found.name for found in ring.all] + [f"another passphrase in {source}" for source in ring.strangers]
    sentences = []
    for key_id in sorted(missing, key=lambda key_id: (key_id not in known, key_id)):
        key = known.get(key_id)
        kinds_of_it = [kind for kind in kinds if kind.key_id == key_id]
        what = _what(snapshot, kinds_of_it, examples=key is None)
        place = "of which the database does not know where it was" if key is None else f"last found in {key.source}"
        need = f"The secrets in the database {config.database.path} ({what}) need the vault key {key_id}, {place}"
        ways = f"as {path} (mode 0600), or by {VARIABLE}, oauth.encryption_key_file or oauth.old_key_files"
        if not given:
            sentences.append(f"{need}, and no key is given now: put that key back {ways}. Without it they are lost.")
            continue
        if key is None:
            change = " If there never was such a key, they are damaged: restore the database from a backup."
        elif key.salt is None:
            change = f" To change to another key, configure it and leave this one in {path}, or in an old key file."
        else:
            change = " To change to another key, configure it and leave this passphrase in an old key file."
        sentences.append(f"{need}, but what is given is {' and '.join(given)}: give that key again, {ways}.{change}")
    return sentences


def _what(snapshot: Snapshot, kinds: Sequence[Kind], *, examples: bool) -> str:
    """Such as `2 webhook secrets, 1 connection's credentials`; with `examples` the ids of the first few rows."""
    counts: dict[str, int] = {}
    rows: dict[str, list[str]] = {}
    columns = {kind.column.field: kind.column for kind in kinds}
    for kind in kinds:
        field = kind.column.field
        counts[field] = counts.get(field, 0) + sealed_columns.count(snapshot, kind)
        if examples and kind.column.key == kind.column.row:
            found = sealed_columns.page(snapshot, kind, after="", limit=_EXAMPLES)
            rows[field] = [*rows.get(field, []), *(value.row for value in found)][:_EXAMPLES]
    return ", ".join(
        column.counted(counts[field]) + (f": {', '.join(rows[field])}" if rows.get(field) else "")
        for field, column in columns.items()
    )
