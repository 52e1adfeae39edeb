"""Bring what waits for an endpoint into the order, and under the schedule, that its tenant has chosen.

Whether a delivery waits, and until when, is stored with it, so that what is due is found by an index. So a change is
carried over to what is pending, in batches.
"""

import zlib
from collections.abc import Callable
from typing import Final, assert_never

from dcvd.core.webhooks.delivery_settings import choose_schedule, plan_again
from dcvd.core.webhooks.ordering import Ordering
from dcvd.kit.limits.batch_sizer import BatchSizer
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Transaction
from dcvd.store.webhooks import delivery_order, endpoints, retry_plans
from dcvd.store.webhooks.delivery_order import FIRST_DUE, DuePosition
from dcvd.store.webhooks.retry_plans import PlannedDelivery

_MIN_BATCH_SIZE: Final = 20
_BATCH_SIZE: Final = 500


async def hold_back_later(
    context: Context, endpoint_id: str, is_wanted: Callable[[Transaction], bool], *, batch_size: int = _BATCH_SIZE
) -> None:
    """Let deliveries wait for the earlier ones of their domains, before their endpoint is ordered.

    A stop in the middle leaves an endpoint without ordering, whose deliveries the next start releases. `is_wanted` is
    asked in each transaction.
    """

    def hold_back(tx: Transaction, position: DuePosition, size: int) -> DuePosition | None:
        return delivery_order.hold_back_later(tx, endpoint_id, position, size) if is_wanted(tx) else None

    await _run_in_batches(context, hold_back, batch_size)


async def follow_ordering(context: Context, endpoint_id: str, *, batch_size: int = _BATCH_SIZE) -> None:
    """Release the deliveries of an endpoint that wait, or let the later ones wait, as its ordering says by now."""

    def follow(tx: Transaction, position: DuePosition, size: int) -> DuePosition | None:
        endpoint = endpoints.get(tx, endpoint_id)
        if endpoint is None:
            return None
        match endpoint.ordering:
            case Ordering.NONE:
                released_count = delivery_order.release_waiting(tx, endpoint_id, size, context.now())
                return FIRST_DUE if released_count == size else None
            case Ordering.DOMAIN:
                return delivery_order.hold_back_later(tx, endpoint_id, position, size)
            case _:
                assert_never(endpoint.ordering)

    await _run_in_batches(context, follow, batch_size)


async def follow_schedule(context: Context, endpoint_id: str, *, batch_size: int = _BATCH_SIZE) -> None:
    """Plan the deliveries of an endpoint again that are not due yet, by the schedule that it has by now."""

    def follow(tx: Transaction, position: DuePosition, size: int) -> DuePosition | None:
        endpoint = endpoints.get(tx, endpoint_id)
        if endpoint is None:
            return None
        schedule = choose_schedule(endpoint, context.config.webhooks.retry_schedule)

        def plan(delivery: PlannedDelivery) -> int:
            # The same each time: what is put behind the present position is met once more.
            fraction = zlib.crc32(delivery.id.encode()) / 2**32
            return plan_again(schedule, delivery.failed_attempts, delivery.since, fraction)

        return retry_plans.plan_again(tx, endpoint_id, plan, position, size, context.now())

    await _run_in_batches(context, follow, batch_size)


async def _run_in_batches(
    context: Context, run_batch: Callable[[Transaction, DuePosition, int], DuePosition | None], batch_size: int
) -> None:
    """Run batches, each from where the one before it ended, until one returns None."""
    batch_sizer = BatchSizer(min_size=min(_MIN_BATCH_SIZE, batch_size), max_size=batch_size)
    position: DuePosition | None = FIRST_DUE
    while position is not None:
        start = position

        def unit(tx: Transaction, start: DuePosition = start) -> DuePosition | None:
            return batch_sizer.run_step(lambda size: run_batch(tx, start, size))

        position = await context.database.write(unit)
