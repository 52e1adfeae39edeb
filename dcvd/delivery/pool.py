"""The pool: due deliveries, at most `webhooks.concurrency` at once."""

import asyncio
from collections.abc import Collection
from typing import Final

import structlog

from dcvd.core.webhooks import Attempt, DueDelivery
from dcvd.delivery.attempt import attempt, broken_attempt
from dcvd.errors import StoreError
from dcvd.kit.due import DueLoop
from dcvd.kit.egress import Egress
from dcvd.kit.tasks import Pool
from dcvd.metrics import Metrics
from dcvd.services import deliveries as service
from dcvd.services.context import Context
from dcvd.services.idle import seconds_until_due
from dcvd.services.webhooks import egress_policy
from dcvd.store import deliveries
from dcvd.store.database import Topic

log = structlog.get_logger(__name__)

_STORE_PAUSES: Final = (0.5, 1.0, 2.0, 5.0, 10.0)


class DeliveryPool:
    """Sends what is due until it is cancelled; then its owner drains `pool`."""

    def __init__(self, context: Context, metrics: Metrics) -> None:
        self._context = context
        self._metrics = metrics
        limit = context.config.webhooks.concurrency
        self.pool = Pool(limit, "delivery")
        self._egress = Egress(egress_policy(context), connections=limit)
        self._loop = DueLoop(
            self.pool,
            fetch=self._due,
            key=lambda due: due.id,
            work=self._deliver,
            idle=self._idle,
            woken=context.database.listen(Topic.DELIVERIES),
            ahead=limit,
        )

    async def start(self) -> None:
        """Open the outgoing connections."""
        await self._egress.start()

    async def run(self) -> None:
        """Runs until it is cancelled."""
        await self._loop.run()

    async def close(self) -> None:
        """Close the outgoing connections, after the pool was drained."""
        await self._egress.close()

    async def _due(self, limit: int, in_flight: Collection[str]) -> list[DueDelivery]:
        now = self._context.now()
        return await self._context.database.read(lambda snapshot: deliveries.due(snapshot, now, limit, in_flight))

    async def _deliver(self, due: DueDelivery) -> None:
        timeout = self._context.config.webhooks.timeout / 1000
        try:
            made = await attempt(self._egress, due, clock=self._context.clock, timeout=timeout)
        except Exception:
            # A fault of ours counts as an attempt like any other: it must not become a storm of tries.
            log.exception("delivery.attempt_broke", delivery_id=due.id)
            made = broken_attempt(due, self._context.now())
        # From here on the receiver may have it: the outcome is stored before the slot is free, also while stopping.
        storing = asyncio.ensure_future(self._store(due, made))
        try:
            await asyncio.shield(storing)
        except asyncio.CancelledError:
            await storing
            raise
        self._metrics.attempt(made.outcome, made.duration_ms / 1000)

    async def _store(self, due: DueDelivery, made: Attempt) -> None:
        pauses = iter(_STORE_PAUSES)
        while True:
            try:
                recorded = await service.record_attempt(self._context, made)
            except StoreError as error:
                # A full disk must not turn into a storm of repeats: the slot is held until the outcome is stored.
                pause = next(pauses, _STORE_PAUSES[-1])
                log.exception("delivery.outcome_not_stored", delivery_id=made.delivery_id, retry_in_s=pause)
                if error.code == "database_closed":
                    return
                await asyncio.sleep(pause)
                continue
            report = log.info if made.error is None else log.warning
            report(
                "delivery.attempted",
                delivery_id=made.delivery_id,
                endpoint_id=due.endpoint_id,
                event_type=due.event_type,
                number=made.number,
                outcome=made.outcome,
                status=made.status_code,
                ms=made.duration_ms,
                state=recorded.state,
                **({} if made.error is None else {"error": made.error}),
            )
            return

    async def _idle(self) -> float:
        return await seconds_until_due(self._context, deliveries.next_due_at)
