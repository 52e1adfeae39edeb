"""Repair the order of deliveries at the start: an earlier version could leave some that waited for nothing."""

from typing import Final

import structlog

from dcvd.services.context import Context
from dcvd.services.webhooks import endpoint_ordering
from dcvd.store.engine.transactions import Transaction
from dcvd.store.webhooks import delivery_order, endpoints

log = structlog.get_logger(__name__)

_BATCH_SIZE: Final = 1_000


async def repair_delivery_order(context: Context, *, batch_size: int = _BATCH_SIZE) -> None:
    """Make the first pending delivery of each endpoint and domain due, where none of them is.

    Of an endpoint without ordering all are made due: a change of it may have been cut off.
    """
    repaired_count = 0
    after: tuple[str, str] | None = ("", "")
    while after is not None:
        start = after

        def unit(tx: Transaction, start: tuple[str, str] = start) -> tuple[int, tuple[str, str] | None]:
            return delivery_order.repair_next_pairs(tx, start, batch_size, context.now())

        count, after = await context.database.write(unit)
        repaired_count += count
    after_id = ""
    while endpoint_ids := await context.database.read(
        lambda snapshot, after=after_id: endpoints.list_unordered_ids(snapshot, after=after, limit=batch_size)  # type: ignore[misc]
    ):
        for endpoint_id in endpoint_ids:
            await endpoint_ordering.follow_ordering(context, endpoint_id, batch_size=batch_size)
        after_id = endpoint_ids[-1]
    if repaired_count:
        log.warning("deliveries.order_repaired", pairs=repaired_count)
