"""What another key than the present one has sealed, or an earlier version of the vault, is sealed anew."""

from collections.abc import Sequence

import structlog
from msgspec import Struct

from dcvd.kit.vault.sealing import VaultError, key_id_of
from dcvd.services.context import Context
from dcvd.store.engine.database import Transaction
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.sealed_columns import Kind, Value
from dcvd.store.vault.vault_keys import NeededKey

log = structlog.get_logger(__name__)


class Batch(Struct, frozen=True, kw_only=True):
    """What came of some values in the order of their rows: `seen` of them, the last in the row `last`.

    `resealed` plus `damaged` may be less than `seen`: what was changed meanwhile has the present key already.
    """

    seen: int
    resealed: int
    damaged: int
    last: str


async def outdated(context: Context) -> list[Kind]:
    """The values that are not sealed with the present key in the present version."""
    kinds = await context.database.read(sealed_columns.kinds)
    return [kind for kind in kinds if kind.head != context.vault.head]


async def reseal(context: Context, kind: Kind, *, after: str, limit: int) -> Batch:
    """Seal up to `limit` values anew, those behind the row `after`; a value that does not open is logged and left."""
    found = await context.database.read(lambda snapshot: sealed_columns.page(snapshot, kind, after=after, limit=limit))
    anew: list[tuple[Value, bytes]] = []
    for value in found:
        try:
            anew.append((value, _sealed_anew(context, kind, value)))
        except VaultError as error:
            log.warning(
                "vault.value_damaged", field=kind.column.field, row=value.row, code=error.code, error=error.message
            )

    def unit(tx: Transaction) -> int:
        return sum(sealed_columns.replace(tx, kind.column, value, fresh) for value, fresh in anew)

    resealed = await context.database.write(unit) if anew else 0
    last = found[-1].row if found else after
    return Batch(seen=len(found), resealed=resealed, damaged=len(found) - len(anew), last=last)


async def forget_unneeded(context: Context) -> Sequence[NeededKey]:
    """Remove from the database the keys that nothing in it names any more; returns them."""

    def unit(tx: Transaction) -> list[NeededKey]:
        needed = {*sealed_columns.key_ids(sealed_columns.kinds(tx)), key_id_of(context.vault.head)}
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


def _sealed_anew(context: Context, kind: Kind, value: Value) -> bytes:
    return context.vault.seal_anew(value.sealed, org=value.org_id, row=value.row, field=kind.column.field)
