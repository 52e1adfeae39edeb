"""The pool that sends due deliveries, endpoints in turn, at most `webhooks.concurrency` at once."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import structlog

from dcvd.core.instants import to_milliseconds, to_seconds
from dcvd.core.webhooks.deliveries import Attempt, AttemptConsequence, DeliveryState, DueDelivery, FinishedAttempt
from dcvd.core.webhooks.endpoint import UnsealedEndpoint
from dcvd.delivery.attempt import build_internal_failure, make_attempt
from dcvd.delivery.endpoint_queue import EndpointQueue
from dcvd.delivery.endpoint_queues import EndpointQueues
from dcvd.delivery.fair_scheduler import FairScheduler
from dcvd.delivery.own_faults import OWN_FAULT_PAUSE_S, OwnFaults
from dcvd.delivery.recorder import RECORD_PAUSES_S, AttemptRecorder
from dcvd.errors import StoreError
from dcvd.kit.egress.client import EgressClient
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.guard import find_origin
from dcvd.kit.failed_reads import READ_PAUSE_S, pause_after_failed_read
from dcvd.kit.tasks import TaskPool
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.webhooks import deliveries, endpoints

log = structlog.get_logger(__name__)

_MAX_SLEEP_S: Final = 1.0
"""Seconds; short, because a step of the system's clock can make a delivery due without an announcement."""
_SURVEY_INTERVAL_S: Final = 60.0
"""Seconds between two searches of all endpoints for unfinished deliveries that were not announced."""
_COOL_DOWN_S: Final = 5.0
"""Seconds for which a delivery is left alone after its attempt could not be stored: it is still due."""


class DeliveryPool:
    """Sends due deliveries until it is cancelled; then its owner drains `pool`."""

    def __init__(
        self,
        context: Context,
        metrics: Metrics,
        *,
        read_pause_s: float = READ_PAUSE_S,
        cool_down_s: float = _COOL_DOWN_S,
        max_sleep_s: float = _MAX_SLEEP_S,
        record_pauses_s: Sequence[float] = RECORD_PAUSES_S,
        own_fault_pause_s: float = OWN_FAULT_PAUSE_S,
    ) -> None:
        self._context = context
        self._read_pause_s = read_pause_s
        self._cool_down_s = cool_down_s
        self._max_sleep_s = max_sleep_s
        self._metrics = metrics
        limit = context.config.webhooks.concurrency
        self.pool = TaskPool(limit, "delivery")
        self._egress = EgressClient(endpoints.build_egress_policy(context), max_connections=limit)
        self._scheduler = FairScheduler(limit, lambda: context.config.webhooks.origin_concurrency)
        self._queues = EndpointQueues(context, self._scheduler)
        self._recorder = AttemptRecorder(
            context,
            self._queues.request_reread,
            self._queues.is_healthy,
            lambda: self.pool.running_count,
            pauses_s=record_pauses_s,
        )
        self._own_faults = OwnFaults(metrics, min_pause_s=own_fault_pause_s)
        self._is_stopping = False
        metrics.set_in_flight_source(lambda: self.pool.running_count)

    async def start(self) -> None:
        """Open the outgoing connections."""
        await self._egress.start()

    async def run(self) -> None:
        """Run until cancelled. Attempts in flight then go on, and no new one starts."""
        loop = asyncio.get_running_loop()
        next_survey = loop.time() + _SURVEY_INTERVAL_S
        try:
            while True:
                self._queues.wake_event.clear()
                if loop.time() >= next_survey:
                    next_survey = loop.time() + _SURVEY_INTERVAL_S
                    self._queues.request_survey()
                try:
                    await self._queues.update()
                except StoreError as error:
                    await pause_after_failed_read(log, "delivery.not_read", error, self._read_pause_s)
                    continue
                self._fill_slots()
                await self._sleep()
        finally:
            self._is_stopping = True

    @contextmanager
    def hold_origin(self, url: str, org_id: str) -> Iterator[bool]:
        """Count a request that somebody else sends to a URL like a delivery to its origin, as long as the block lasts.

        Yields False where the origin has no room for it.
        """
        origin = find_origin(url)
        is_held = self._scheduler.hold_origin(origin, org_id)
        try:
            yield is_held
        finally:
            if is_held:
                self._scheduler.release_origin(origin, org_id)
                if self._scheduler.has_queues:
                    self._queues.wake_event.set()

    async def close(self) -> None:
        """Close the outgoing connections, after the pool was drained."""
        await self._egress.close()

    async def _sleep(self) -> None:
        next_timer_s = self._queues.fire_timers()
        sleep_s = self._max_sleep_s if next_timer_s is None else min(next_timer_s, self._max_sleep_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(sleep_s):
                await self._queues.wake_event.wait()

    def _fill_slots(self) -> None:
        """Start workers in the free slots, one delivery each."""
        while self.pool.free_slots and (assignment := self._take_next()) is not None:
            task = self.pool.start(f"delivery.{assignment[2].id}", self._run_worker(*assignment))
            task.add_done_callback(self._on_worker_end)

    def _on_worker_end(self, _: "asyncio.Task[None]") -> None:
        """Wake the pool: the slot is free only now, and queues that were offered meanwhile found none."""
        if self._scheduler.has_queues:
            self._queues.wake_event.set()

    def _take_next(self) -> tuple[EndpointQueue, UnsealedEndpoint, DueDelivery] | None:
        now = self._context.now()
        queue = self._scheduler.choose(now, self._context.config.webhooks.endpoint_concurrency)
        while self._scheduler.postponed_queues:
            postponed = self._scheduler.postponed_queues.pop()
            self._queues.schedule_wake(postponed, now + max(to_milliseconds(postponed.get_wait_s(now)), 1))
            # The loop may have to wake sooner now.
            self._queues.wake_event.set()
        if queue is None or queue.unsealed_endpoint is None:
            return None
        due_delivery = queue.take_next()
        self._scheduler.start(queue, due_delivery.id)
        self._queues.refill(queue)
        return queue, queue.unsealed_endpoint, due_delivery

    async def _run_worker(
        self, queue: EndpointQueue, unsealed_endpoint: UnsealedEndpoint, due_delivery: DueDelivery
    ) -> None:
        """Send one delivery after the other in one slot, so that no delivery waits for a new task to start."""
        while True:
            await self._deliver(queue, unsealed_endpoint, due_delivery)
            if self._is_stopping:
                return
            assignment = self._take_next()
            # The attempt that ended may have made room for more deliveries than the one that this slot takes on.
            self._fill_slots()
            if assignment is None:
                return
            queue, unsealed_endpoint, due_delivery = assignment

    async def _deliver(
        self, queue: EndpointQueue, unsealed_endpoint: UnsealedEndpoint, due_delivery: DueDelivery
    ) -> None:
        attempt: Attempt | None = None
        try:
            if due_delivery.expires_at is not None and due_delivery.expires_at <= self._context.now():
                await deliveries.drop_expired(self._context, [due_delivery])
            else:
                attempt = await self._make_attempt(unsealed_endpoint, due_delivery)
                self._own_faults.end()
                consequence = await self._recorder.record(
                    FinishedAttempt(due_delivery=due_delivery, endpoint_id=queue.endpoint_id, attempt=attempt)
                )
                self._report(queue, due_delivery, attempt, consequence)
        except EgressError as error:
            # Nothing is stored, so the delivery is still due, with as many attempts as before.
            queue.hold_up(self._own_faults.record(error))
            queue.has_unread = True
        except Exception:
            log.exception("delivery.not_recorded", delivery_id=due_delivery.id, retry_in_s=self._cool_down_s)
            queue.cooling_down.add(due_delivery.id)
            asyncio.get_running_loop().call_later(self._cool_down_s, self._on_cool_down_end, queue, due_delivery.id)
        finally:
            queue.finish(due_delivery, attempt)
            self._scheduler.finish(queue, due_delivery.id)
            self._queues.refill(queue)

    async def _make_attempt(self, unsealed_endpoint: UnsealedEndpoint, due_delivery: DueDelivery) -> Attempt:
        timeout_s = to_seconds(self._context.config.webhooks.timeout)
        try:
            return await make_attempt(
                self._egress, unsealed_endpoint, due_delivery, clock=self._context.clock, timeout_s=timeout_s
            )
        except EgressError:
            raise
        except Exception:
            # A fault in our own code counts as an attempt like any other, so that it becomes no storm of attempts.
            log.exception("delivery.attempt_broke", delivery_id=due_delivery.id)
            return build_internal_failure(due_delivery, self._context.now())

    def _report(
        self, queue: EndpointQueue, due_delivery: DueDelivery, attempt: Attempt, consequence: AttemptConsequence
    ) -> None:
        self._metrics.record_attempt(attempt.outcome, to_seconds(attempt.timings.total_ms))
        if consequence.next_attempt_at is not None:
            queue.plan_due(consequence.next_attempt_at)
            self._queues.schedule_wake(queue, consequence.next_attempt_at)
        elif consequence.state is DeliveryState.PENDING:
            # What it waited for may have ended before it was known not to be in flight any more.
            self._queues.mark_unread(queue)
        else:
            self._metrics.count_finished_delivery(consequence.state)
        if attempt.error is not None:
            # Only failures are logged: successes are in the history and in the metrics.
            log.warning(
                "delivery.failed",
                delivery_id=due_delivery.id,
                endpoint_id=queue.endpoint_id,
                event_type=due_delivery.event_type,
                number=attempt.number,
                outcome=attempt.outcome,
                status=attempt.status_code,
                ms=attempt.timings.total_ms,
                state=consequence.state,
                error=attempt.error,
            )

    def _on_cool_down_end(self, queue: EndpointQueue, delivery_id: str) -> None:
        queue.cooling_down.discard(delivery_id)
        self._queues.mark_unread(queue)
