"""What another key than the present one has sealed, or an earlier version of the vault, is sealed anew."""

from collections.abc import Sequence

import structlog
from msgspec import Struct

from dcvd.kit.vault.sealing import VaultError, read_key_id
from dcvd.services.context import Context
from dcvd.store.engine.database import Transaction
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.sealed_columns import SealedGroup, SealedValue
from dcvd.store.vault.vault_keys import VaultKeyRecord

log = structlog.get_logger(__name__)


class ResealResult(Struct, frozen=True, kw_only=True):
    """What came of some values in the order of their rows: `examined_count` of them, the last in the row `last_row`.

    `resealed_count` plus `damaged_count` may be less than `examined_count`: what was changed meanwhile has the present
    key already.
    """

    examined_count: int
    resealed_count: int
    damaged_count: int
    last_row: str


async def list_outdated(context: Context) -> list[SealedGroup]:
    """The values that are not sealed with the present key in the present version."""
    kinds = await context.database.read(sealed_columns.list_groups)
    return [kind for kind in kinds if kind.head != context.vault.head]


async def reseal(context: Context, group: SealedGroup, *, after: str, limit: int) -> ResealResult:
    """Seal up to `limit` values anew, those behind the row `after`; a value that does not open is logged and left."""
    found = await context.database.read(
        lambda snapshot: sealed_columns.list_values(snapshot, group, after=after, limit=limit)
    )
    anew: list[tuple[SealedValue, bytes]] = []
    for value in found:
        try:
            anew.append((value, _seal_anew(context, group, value)))
        except VaultError as error:
            log.warning(
                "vault.value_damaged", field=group.column.field, row=value.row, code=error.code, error=error.message
            )

    def unit(tx: Transaction) -> int:
        return sum(sealed_columns.replace_value(tx, group.column, value, fresh) for value, fresh in anew)

    resealed = await context.database.write(unit) if anew else 0
    last = found[-1].row if found else after
    return ResealResult(
        examined_count=len(found), resealed_count=resealed, damaged_count=len(found) - len(anew), last_row=last
    )


async def forget_unneeded_keys(context: Context) -> Sequence[VaultKeyRecord]:
    """Remove from the database the keys that nothing in it names any more; returns them."""

    def unit(tx: Transaction) -> list[VaultKeyRecord]:
        needed = {*sealed_columns.key_ids(sealed_columns.list_groups(tx)), read_key_id(context.vault.head)}
        unneeded = [key for key in vault_keys.list_all(tx) if key.key_id not in needed]
        for key in unneeded:
            vault_keys.remove(tx, key.key_id)
        return unneeded

    forgotten = await context.database.write(unit)
    for key in forgotten:
        log.info(
            "vault.key_unneeded",
            key_id=key.key_id,
            source=key.source,
            advice="nothing in the database needs it any more, and it may be removed; backups made before still do",
        )
    return forgotten


def _seal_anew(context: Context, group: SealedGroup, value: SealedValue) -> bytes:
    return context.vault.reseal(value.sealed_bytes, org=value.org_id, row=value.row, field=group.column.field)
