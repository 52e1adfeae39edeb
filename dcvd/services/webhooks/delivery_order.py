"""Repair the order of deliveries at the start: an earlier version could leave some that waited for nothing."""

from typing import Final

import structlog

from dcvd.services.context import Context
from dcvd.store.engine.transactions import Transaction
from dcvd.store.webhooks import delivery_order

log = structlog.get_logger(__name__)

_BATCH_SIZE: Final = 1_000


async def repair_delivery_order(context: Context, *, batch_size: int = _BATCH_SIZE) -> None:
    """Make the first pending delivery of each endpoint and domain due, where none of them is."""
    repaired_count = 0
    after: tuple[str, str] | None = ("", "")
    while after is not None:
        start = after

        def unit(tx: Transaction, start: tuple[str, str] = start) -> tuple[int, tuple[str, str] | None]:
            return delivery_order.repair_next_pairs(tx, start, batch_size, context.now())

        count, after = await context.database.write(unit)
        repaired_count += count
    if repaired_count:
        log.warning("deliveries.order_repaired", pairs=repaired_count)
