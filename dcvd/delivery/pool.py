"""The pool: what is due is sent by turns, at most `webhooks.concurrency` at once."""

import asyncio
from typing import Final

import structlog

from dcvd.core.webhooks.deliveries import Attempt, Consequence, DueDelivery
from dcvd.core.webhooks.endpoint import OpenedEndpoint
from dcvd.delivery.attempt import attempt, broken_attempt
from dcvd.delivery.endpoint_queue import Lane
from dcvd.delivery.endpoint_queues import Lanes
from dcvd.delivery.fair_scheduler import Turns
from dcvd.delivery.recorder import Recorder
from dcvd.errors import StoreError
from dcvd.kit.egress import Egress
from dcvd.kit.tasks import Pool
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.webhooks import deliveries, endpoints
from dcvd.services.webhooks.deliveries import Made

log = structlog.get_logger(__name__)

_LONGEST_SLEEP: Final = 1.0
"""Seconds; short, because a step of the system's clock can make something due that nobody announces."""
_SURVEY_EVERY: Final = 60.0
"""Seconds after which all endpoints are looked through for something that is owed and was not announced."""
_REST: Final = 5.0
"""Seconds for which a delivery is left alone whose outcome could not be stored: it is due as it was."""
_STORE_PAUSE: Final = 1.0


class DeliveryPool:
    """Sends what is due until it is cancelled; then its owner drains `pool`."""

    def __init__(self, context: Context, metrics: Metrics) -> None:
        self._context = context
        self._metrics = metrics
        limit = context.config.webhooks.concurrency
        self.pool = Pool(limit, "delivery")
        self._egress = Egress(endpoints.egress_policy(context), connections=limit)
        self._turns = Turns(limit)
        self._lanes = Lanes(context, self._turns)
        self._recorder = Recorder(context, self._lanes.doubt, self._lanes.is_well, lambda: self.pool.running)
        self._stopping = False
        metrics.watch_deliveries(lambda: self.pool.running)

    async def start(self) -> None:
        """Open the outgoing connections."""
        await self._egress.start()

    async def run(self) -> None:
        """Runs until it is cancelled; what is under way then goes on, and nothing more is begun."""
        loop = asyncio.get_running_loop()
        next_survey = loop.time() + _SURVEY_EVERY
        try:
            while True:
                self._lanes.woken.clear()
                if loop.time() >= next_survey:
                    next_survey = loop.time() + _SURVEY_EVERY
                    self._lanes.survey_again()
                try:
                    await self._lanes.update()
                except StoreError as error:
                    log.warning("delivery.not_read", error=error.message, retry_in_s=_STORE_PAUSE)
                    await asyncio.sleep(_STORE_PAUSE)
                    continue
                self._begin()
                await self._sleep()
        finally:
            self._stopping = True

    async def close(self) -> None:
        """Close the outgoing connections, after the pool was drained."""
        await self._egress.close()

    async def _sleep(self) -> None:
        planned = self._lanes.ring()
        try:
            async with asyncio.timeout(_LONGEST_SLEEP if planned is None else min(planned, _LONGEST_SLEEP)):
                await self._lanes.woken.wait()
        except TimeoutError:
            return

    def _begin(self) -> None:
        """Fill the free slots by turns."""
        while self.pool.free and (taken := self._take()) is not None:
            self.pool.start(f"delivery.{taken[2].id}", self._work(*taken)).add_done_callback(self._ended)

    def _ended(self, _: "asyncio.Task[None]") -> None:
        """Its slot is free only now; what was offered in the meantime found none."""
        if self._turns.waiting:
            self._lanes.woken.set()

    def _take(self) -> tuple[Lane, OpenedEndpoint, DueDelivery] | None:
        now = self._context.now()
        lane = self._turns.next(now, self._context.config.webhooks.endpoint_concurrency)
        while self._turns.later:
            later = self._turns.later.pop()
            self._lanes.plan(later, now + max(round(later.wait(now) * 1000), 1))
            # Whoever sleeps may have to wake sooner now.
            self._lanes.woken.set()
        if lane is None or lane.opened is None:
            return None
        due = lane.take()
        self._turns.begin(lane, due.id)
        self._lanes.refill(lane)
        return lane, lane.opened, due

    async def _work(self, lane: Lane, opened: OpenedEndpoint, due: DueDelivery) -> None:
        """Hold a slot for as long as there is something to send: no delivery waits for a task to be made."""
        while True:
            await self._deliver(lane, opened, due)
            if self._stopping:
                return
            taken = self._take()
            # What ended may have made room for more than the one that this slot takes on.
            self._begin()
            if taken is None:
                return
            lane, opened, due = taken

    async def _deliver(self, lane: Lane, opened: OpenedEndpoint, due: DueDelivery) -> None:
        made: Attempt | None = None
        try:
            if due.expires_at is not None and due.expires_at <= self._context.now():
                await deliveries.drop_expired(self._context, [due])
            else:
                made = await self._attempt(opened, due)
                consequence = await self._recorder.record(Made(due=due, endpoint_id=lane.id, attempt=made))
                self._report(lane, due, made, consequence)
        except Exception:
            log.exception("delivery.not_recorded", delivery_id=due.id, retry_in_s=_REST)
            lane.resting.add(due.id)
            asyncio.get_running_loop().call_later(_REST, self._rested, lane, due.id)
        finally:
            lane.end(due, made)
            self._turns.end(lane, due.id)

    async def _attempt(self, opened: OpenedEndpoint, due: DueDelivery) -> Attempt:
        timeout = self._context.config.webhooks.timeout / 1000
        try:
            return await attempt(self._egress, opened, due, clock=self._context.clock, timeout=timeout)
        except Exception:
            # A fault of ours counts as an attempt like any other: it must not become a storm of tries.
            log.exception("delivery.attempt_broke", delivery_id=due.id)
            return broken_attempt(due, self._context.now())

    def _report(self, lane: Lane, due: DueDelivery, made: Attempt, consequence: Consequence) -> None:
        self._metrics.attempt(made.outcome, made.timings.total_ms / 1000)
        if consequence.next_attempt_at is not None:
            lane.plan(consequence.next_attempt_at)
            self._lanes.plan(lane, consequence.next_attempt_at)
        else:
            self._metrics.delivery_ended(consequence.state)
        if made.error is not None:
            # Only failures: what was delivered is in the history, and in the metrics.
            log.warning(
                "delivery.failed",
                delivery_id=due.id,
                endpoint_id=lane.id,
                event_type=due.event_type,
                number=made.number,
                outcome=made.outcome,
                status=made.status_code,
                ms=made.timings.total_ms,
                state=consequence.state,
                error=made.error,
            )

    def _rested(self, lane: Lane, delivery_id: str) -> None:
        lane.resting.discard(delivery_id)
        self._lanes.unread(lane)
