"""Seal anew every value that another key than the present one has sealed, or an earlier version of the vault."""

from collections.abc import Sequence

import structlog
from msgspec import Struct

from dcvd.core.audit import AuditAction
from dcvd.kit.vault.sealing import VaultError, read_key_id
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Transaction
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.sealed_columns import SealedGroup, SealedValue
from dcvd.store.vault.vault_keys import VaultKeyRecord

log = structlog.get_logger(__name__)


class ResealResult(Struct, frozen=True, kw_only=True):
    """The result of one batch, taken in the order of the rows: `examined_count` values, the last in the row `last_row`.

    `resealed_count` plus `damaged_count` may be less than `examined_count`: a value that changed meanwhile has the
    present key already.
    """

    examined_count: int
    resealed_count: int
    damaged_count: int
    last_row: str


async def list_outdated(context: Context) -> list[SealedGroup]:
    """List the groups of values that are not sealed with the present key in the present version."""
    groups = await context.database.read(sealed_columns.list_groups)
    return [group for group in groups if group.head != context.vault.head]


async def reseal(context: Context, group: SealedGroup, *, after: str, limit: int) -> ResealResult:
    """Seal up to `limit` values anew, those behind the row `after`; log and leave a value that cannot be opened."""
    values = await context.database.read(
        lambda snapshot: sealed_columns.list_values(snapshot, group, after=after, limit=limit)
    )
    resealed_values: list[tuple[SealedValue, bytes]] = []
    for value in values:
        try:
            resealed_bytes = context.vault.reseal(
                value.sealed_bytes, org=value.org_id, row=value.row, field=group.column.field
            )
            resealed_values.append((value, resealed_bytes))
        except VaultError as error:
            log.warning(
                "vault.value_damaged", field=group.column.field, row=value.row, code=error.code, error=error.message
            )

    def unit(tx: Transaction) -> int:
        return sum(sealed_columns.replace_value(tx, group.column, *resealed) for resealed in resealed_values)

    resealed_count = await context.database.write(unit) if resealed_values else 0
    last_row = values[-1].row if values else after
    return ResealResult(
        examined_count=len(values),
        resealed_count=resealed_count,
        damaged_count=len(values) - len(resealed_values),
        last_row=last_row,
    )


async def forget_unneeded_keys(context: Context) -> Sequence[VaultKeyRecord]:
    """Remove from the database the keys that nothing in it needs any more, and return them."""

    def unit(tx: Transaction) -> list[VaultKeyRecord]:
        needed_ids = {*sealed_columns.key_ids(sealed_columns.list_groups(tx)), read_key_id(context.vault.head)}
        unneeded_keys = [key for key in vault_keys.list_all(tx) if key.key_id not in needed_ids]
        for key in unneeded_keys:
            vault_keys.remove(tx, key.key_id)
            audit.record(context, tx, None, AuditAction.VAULT_KEY_FORGOTTEN, key.key_id)
        return unneeded_keys

    forgotten_keys = await context.database.write(unit)
    for key in forgotten_keys:
        log.info(
            "vault.key_unneeded",
            key_id=key.key_id,
            source=key.source,
            advice="nothing in the database needs it any more, and it may be removed; backups made before still do",
        )
    return forgotten_keys
