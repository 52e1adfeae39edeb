"""The vault at the start: every key that the database needs is there, or there is no start."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

import structlog

from dcvd.config import Config
from dcvd.errors import ConfigError
from dcvd.kit.vault.sealing import Vault
from dcvd.services.vault.keyring import KEY_VARIABLE, Keyring, KeyringEntry, create_key_file, gather_keys
from dcvd.store import oauth_states
from dcvd.store.engine.database import Database, Snapshot
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.sealed_columns import SealedGroup
from dcvd.store.vault.vault_keys import VaultKeyRecord, key_path

log = structlog.get_logger(__name__)

_MAX_EXAMPLES: Final = 3
_BATCH: Final = 1000


async def open_vault(database: Database, config: Config, now: int, *, from_environment: Collection[str] = ()) -> Vault:
    """The vault with every key that the database needs; where it needs none and none is configured, a key file is made.

    `from_environment` names the variables that won over the TOML. The database's lock is held. Raises ConfigError when
    a needed key is not given, or a key file is damaged; then nothing was changed that anybody needs.
    """
    await _delete_expired_authorizations(database, now)
    recorded, kinds = await database.read(
        lambda snapshot: (vault_keys.list_all(snapshot), sealed_columns.list_groups(snapshot))
    )
    named = sealed_columns.key_ids(kinds)
    ring = await asyncio.to_thread(gather_keys, config, recorded, named, from_environment)
    if missing := named - ring.key_ids:
        problems = await database.read(
            lambda snapshot: _describe_missing_keys(snapshot, config, ring, recorded, kinds, missing)
        )
        raise ConfigError(problems)
    active = ring.active_key
    if active is None:
        active = await asyncio.to_thread(create_key_file, key_path(config.database.path))
    await _record_active_key(database, recorded, active, now)
    log.info(
        "vault.opened", key_id=active.key.id, source=active.source, older=[found.key.id for found in ring.older_keys]
    )
    configured = config.oauth.encryption_key is not None
    return Vault(active.key, *(found.key for found in ring.older_keys), is_configured=configured)


async def _delete_expired_authorizations(database: Database, now: int) -> None:
    """Authorizations that ended need no key, and the janitor that removes them only runs once there is a start."""
    while await database.write(lambda tx: oauth_states.delete_expired(tx, now, _BATCH)) == _BATCH:
        pass


async def _record_active_key(
    database: Database, recorded: Sequence[VaultKeyRecord], active: KeyringEntry, now: int
) -> None:
    known = next((known for known in recorded if known.key_id == active.key.id), None)
    last = await database.read(vault_keys.find_active_id)
    if known is not None and (known.source, last) == (active.source, active.key.id):
        return
    row = VaultKeyRecord(key_id=active.key.id, source=active.source, salt=active.salt, created_at=now)
    await database.write(lambda tx: vault_keys.record_active(tx, row))


def _describe_missing_keys(
    snapshot: Snapshot,
    config: Config,
    keyring: Keyring,
    recorded: Sequence[VaultKeyRecord],
    kinds: Sequence[SealedGroup],
    missing: Collection[str],
) -> list[str]:
    """A sentence for each key that is not given: what it has sealed, where it was, and what to do."""
    known = {key.key_id: key for key in recorded}
    path = key_path(config.database.path)
    given = [found.description for found in keyring.all_keys] + [
        f"another passphrase in {source}" for source in keyring.unknown_passphrase_sources
    ]
    sentences = []
    for key_id in sorted(missing, key=lambda key_id: (key_id not in known, key_id)):
        key = known.get(key_id)
        kinds_of_it = [kind for kind in kinds if kind.key_id == key_id]
        what = _describe_sealed_values(snapshot, kinds_of_it, examples=key is None)
        place = "of which the database does not know where it was" if key is None else f"last found in {key.source}"
        need = f"The secrets in the database {config.database.path} ({what}) need the vault key {key_id}, {place}"
        ways = f"as {path} (mode 0600), or by {KEY_VARIABLE}, oauth.encryption_key_file or oauth.old_key_files"
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


def _describe_sealed_values(snapshot: Snapshot, kinds: Sequence[SealedGroup], *, examples: bool) -> str:
    """Such as `2 webhook secrets, 1 connection's credentials`; with `examples` the ids of the first few rows."""
    counts: dict[str, int] = {}
    rows: dict[str, list[str]] = {}
    columns = {kind.column.field: kind.column for kind in kinds}
    for kind in kinds:
        field = kind.column.field
        counts[field] = counts.get(field, 0) + sealed_columns.count_values(snapshot, kind)
        if examples and kind.column.primary_key == kind.column.row_sql:
            found = sealed_columns.list_values(snapshot, kind, after="", limit=_MAX_EXAMPLES)
            rows[field] = [*rows.get(field, []), *(value.row for value in found)][:_MAX_EXAMPLES]
    return ", ".join(
        column.describe_count(counts[field]) + (f": {', '.join(rows[field])}" if rows.get(field) else "")
        for field, column in columns.items()
    )
