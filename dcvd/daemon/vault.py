"""Opens the vault at the start: without every key that the database needs, the daemon does not start."""

import asyncio
from collections.abc import Collection, Sequence

import structlog

from dcvd.core.audit import AuditAction
from dcvd.errors import ConfigError
from dcvd.kit.vault.sealing import Vault
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.vault.keyring import KeyringEntry, create_key_file, gather_keys
from dcvd.services.vault.missing_keys import delete_expired_authorizations, describe_missing_keys
from dcvd.store.engine.transactions import Transaction
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.vault_keys import VaultKeyRecord, key_path

log = structlog.get_logger(__name__)


async def open_vault(context: Context, *, from_environment: Collection[str] = ()) -> Vault:
    """Open the vault with every key that the database needs; if it needs none and none is configured, make a key file.

    `from_environment` names the variables that won over the TOML. The caller holds the database's lock. Raises
    ConfigError when a needed key is not given, or a key file is damaged; then nothing was changed that anybody needs.
    """
    database, config, now = context.database, context.config, context.now()
    await delete_expired_authorizations(database, now)
    key_records, sealed_groups = await database.read(
        lambda snapshot: (vault_keys.list_all(snapshot), sealed_columns.list_groups(snapshot))
    )
    needed_ids = sealed_columns.key_ids(sealed_groups)
    keyring = await asyncio.to_thread(gather_keys, config, key_records, needed_ids, from_environment)
    if missing := needed_ids - keyring.key_ids:
        problems = await database.read(
            lambda snapshot: describe_missing_keys(snapshot, config, keyring, key_records, sealed_groups, missing)
        )
        raise ConfigError(problems)
    active_entry = keyring.active_key
    if active_entry is None:
        active_entry = await asyncio.to_thread(create_key_file, key_path(config.database.path))
    await _record_active_key(context, key_records, active_entry)
    log.info(
        "vault.opened",
        key_id=active_entry.key.id,
        source=active_entry.source,
        older=[entry.key.id for entry in keyring.older_keys],
    )
    is_configured = config.vault.key is not None
    return Vault(active_entry.key, *(entry.key for entry in keyring.older_keys), is_configured=is_configured)


async def _record_active_key(context: Context, recorded: Sequence[VaultKeyRecord], active: KeyringEntry) -> None:
    known = next((known for known in recorded if known.key_id == active.key.id), None)
    last_active_id = await context.database.read(vault_keys.find_active_id)
    if known is not None and (known.source, last_active_id) == (active.source, active.key.id):
        return
    row = VaultKeyRecord(key_id=active.key.id, source=active.source, salt=active.salt, created_at=context.now())

    def unit(tx: Transaction) -> None:
        vault_keys.record_active(tx, row)
        if last_active_id is not None and last_active_id != row.key_id:
            before = {"keyId": last_active_id}
            audit.record(context, tx, None, AuditAction.VAULT_KEY_CHANGED, row.key_id, before=before)

    await context.database.write(unit)
