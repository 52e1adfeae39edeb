"""The pool that sends due deliveries, endpoints in turn, at most `webhooks.concurrency` at once."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import structlog

from dcvd.core.http.exchanges import OwnFault
from dcvd.core.instants import to_milliseconds, to_seconds
from dcvd.core.webhooks.deliveries import (
    Attempt,
    AttemptConsequence,
    AttemptOutcome,
    DeliveryState,
    DueDelivery,
    FinishedAttempt,
)
from dcvd.core.webhooks.delivery_settings import MAX_TIMEOUT_S, choose_timeout_ms
from dcvd.core.webhooks.endpoint import UnsealedEndpoint
from dcvd.delivery.attempt import build_internal_failure, make_attempt
from dcvd.delivery.endpoint_queue import EndpointQueue
from dcvd.delivery.endpoint_queues import EndpointQueues
from dcvd.delivery.fair_scheduler import FairScheduler
from dcvd.delivery.own_faults import OwnFaults
from dcvd.delivery.recorder import RECORD_PAUSES_S, AttemptRecorder
from dcvd.errors import StoreError
from dcvd.kit.egress.client import EgressClient
from dcvd.kit.egress.control import ControlServer
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.guard import find_origin
from dcvd.kit.egress.proxying.proxy import HttpProxy
from dcvd.kit.failed_reads import READ_PAUSE_S, pause_after_failed_read
from dcvd.kit.movement import LoopMovement
from dcvd.kit.tasks import TaskPool
from dcvd.kit.tls.trust import TrustStore, load_system_trust
from dcvd.kit.tracing import TRACING, Span
from dcvd.metrics import Metrics
from dcvd.metrics.catalogue import work
from dcvd.services.context import Context
from dcvd.services.webhooks import deliveries, endpoints

log = structlog.get_logger(__name__)

_MAX_SLEEP_S: Final = 1.0
"""Seconds; short, because a step of the system's clock can make a delivery due without an announcement."""
_SURVEY_INTERVAL_S: Final = 60.0
"""Seconds between two searches of all endpoints for unfinished deliveries that were not announced."""
_COOL_DOWN_S: Final = 5.0
"""Seconds for which a delivery is left alone after its attempt could not be stored: it is still due."""
_FAULT_IS_NEWS_S: Final = 60.0
"""Seconds for which a fault of our own is held to last, since what failed is tried again at least twice in them."""
_STORE_PAUSE_S: Final = 7.0
"""Seconds for which nothing is sent after a commit failed, unless one succeeds before. Longer than the pause between
two attempts to store anything, so that the pause lasts as long as the fault."""
_OWN_FAULT_PAUSE_S: Final = 1.0
"""Seconds before an attempt is tried again after the first fault of our own."""


class DeliveryPool:
    """Sends due deliveries until it is cancelled; then its owner drains `pool`."""

    def __init__(
        self,
        context: Context,
        metrics: Metrics,
        control: ControlServer | None = None,
        get_trust: Callable[[], TrustStore] = load_system_trust,
        proxy: HttpProxy | None = None,
        *,
        read_pause_s: float = READ_PAUSE_S,
        cool_down_s: float = _COOL_DOWN_S,
        max_sleep_s: float = _MAX_SLEEP_S,
        record_pauses_s: Sequence[float] = RECORD_PAUSES_S,
        own_fault_pause_s: float = _OWN_FAULT_PAUSE_S,
        store_pause_s: float = _STORE_PAUSE_S,
    ) -> None:
        self._context = context
        self._read_pause_s = read_pause_s
        self._cool_down_s = cool_down_s
        self._max_sleep_s = max_sleep_s
        self._metrics = metrics
        limit = context.config.webhooks.concurrency
        self.pool = TaskPool(limit, "delivery")
        self._egress = EgressClient(
            endpoints.build_egress_policy(context),
            max_connections=limit,
            get_trust=get_trust,
            control=control,
            proxy=proxy,
        )
        self._scheduler = FairScheduler(limit, lambda: context.config.webhooks.origin_concurrency)
        self._queues = EndpointQueues(context, self._scheduler)
        self._recorder = AttemptRecorder(
            context,
            self._on_uncertain,
            self._queues.is_healthy,
            lambda: self.pool.running_count,
            pauses_s=record_pauses_s,
        )
        self.movement = LoopMovement(
            "delivery", lambda: self.pool.free_slots > 0, longest_step_s=self._find_longest_attempt_s
        )
        self._own_faults = OwnFaults(metrics)
        self._own_fault_pause_s = own_fault_pause_s
        self._store_pause_s = store_pause_s
        self._is_stopping = False
        self._logs_successes = True
        self._writer_state = context.database.writer_state
        self._writer_state.call_when_recovered(self._queues.wake_event.set)
        metrics.add_source(
            [work.ATTEMPTS_IN_FLIGHT], lambda: [work.ATTEMPTS_IN_FLIGHT.build_single(self.pool.running_count)]
        )

    async def start(self) -> None:
        """Open the outgoing connections."""
        await self._egress.start()

    async def run(self) -> None:
        """Run until cancelled. Attempts in flight then go on, and no new one starts."""
        loop = asyncio.get_running_loop()
        next_survey = loop.time() + _SURVEY_INTERVAL_S
        try:
            while True:
                self.movement.note_turn()
                # Asked once a turn: for each delivery it would cost as much as the line itself.
                self._logs_successes = log.is_enabled_for(logging.DEBUG)
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
            self.movement.end()

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

    def find_own_fault(self, endpoint_id: str) -> OwnFault | None:
        """Return the fault of our own by which deliveries to an endpoint wait, if there is one."""
        return self._queues.find_own_fault(endpoint_id)

    async def check_sending(self) -> bool:
        """Whether our own side is well, as far as is known: false from its last fault until any receiver answers."""
        last_fault_s = self._own_faults.last_fault_s
        if last_fault_s is None or asyncio.get_running_loop().time() - last_fault_s > _FAULT_IS_NEWS_S:
            return True
        return self._egress.has_answer_since(last_fault_s)

    def count_connections(self) -> int:
        """Count the connections to receivers that are open, in use or kept."""
        return self._egress.count_connections()

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
        if self._recorder.is_refused or self._writer_state.has_failed_within(self._store_pause_s):
            # What is sent while no outcome can be stored is sent again, if dcvd ends before one can.
            return None
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
        self.movement.note_step()
        try:
            if self._has_expired(due_delivery):
                await deliveries.drop_expired(self._context, [due_delivery])
            else:
                attempt = await self._make_attempt(queue, unsealed_endpoint, due_delivery)
                self.movement.note_step()
                consequence = await self._recorder.record(
                    FinishedAttempt(
                        due_delivery=due_delivery, org_id=queue.org_id, endpoint_id=queue.endpoint_id, attempt=attempt
                    )
                )
                self._report(queue, due_delivery, attempt, consequence)
        except EgressError as error:
            # Nothing is stored, so the delivery is still due, with as many attempts as before.
            pause_s = queue.hold_up(self._own_fault_pause_s, error.own_fault)
            self._own_faults.record(error, retry_in_s=pause_s)
            queue.has_unread = True
        except Exception:
            log.exception(
                "delivery.not_recorded",
                delivery_id=due_delivery.id,
                request_id=due_delivery.request_id,
                retry_in_s=self._cool_down_s,
            )
            queue.cooling_down.add(due_delivery.id)
            asyncio.get_running_loop().call_later(self._cool_down_s, self._on_cool_down_end, queue, due_delivery.id)
        finally:
            queue.finish(due_delivery, attempt)
            self._scheduler.finish(queue, due_delivery.id)
            self._queues.refill(queue)

    def _has_expired(self, due_delivery: DueDelivery) -> bool:
        if due_delivery.expires_at is None:
            return False
        now = self._context.confirmed_now()
        return now is not None and due_delivery.expires_at <= now

    async def _make_attempt(
        self, queue: EndpointQueue, unsealed_endpoint: UnsealedEndpoint, due_delivery: DueDelivery
    ) -> Attempt:
        timeout_ms = choose_timeout_ms(unsealed_endpoint.endpoint, self._context.config.webhooks.timeout)
        try:
            sending = make_attempt(
                self._egress,
                unsealed_endpoint,
                due_delivery,
                clock=self._context.clock,
                timeout_s=to_seconds(timeout_ms),
                counts_own_faults=queue.is_held_for_long,
            )
            if not TRACING.is_on:
                return await sending
            with TRACING.span("delivery attempt", "client") as span:
                attempt = await sending
                _describe(span, unsealed_endpoint, due_delivery, attempt)
                return attempt
        except EgressError:
            raise
        except Exception:
            # A fault in our own code counts as an attempt like any other, so that it becomes no storm of attempts.
            log.exception("delivery.attempt_broke", delivery_id=due_delivery.id, request_id=due_delivery.request_id)
            return build_internal_failure(due_delivery, self._context.now())

    def _report(
        self, queue: EndpointQueue, due_delivery: DueDelivery, attempt: Attempt, consequence: AttemptConsequence
    ) -> None:
        self._record(due_delivery, attempt)
        state = consequence.state
        if consequence.next_attempt_at is not None:
            queue.plan_due(consequence.next_attempt_at)
            self._queues.schedule_wake(queue, consequence.next_attempt_at)
        elif state is DeliveryState.PENDING:
            # What it waited for may have ended before it was known not to be in flight any more.
            self._queues.mark_unread(queue)
        elif state is not DeliveryState.CANCELLED:
            # Whoever cancelled it counted it then.
            self._metrics.count_finished_delivery(state)
        if attempt.error is not None:
            # Successes are in the history and in the metrics, and in the log only for who wants all of it.
            log.warning(
                "delivery.failed",
                delivery_id=due_delivery.id,
                endpoint_id=queue.endpoint_id,
                event_type=due_delivery.event_type,
                number=attempt.number,
                outcome=attempt.outcome,
                status=attempt.status_code,
                ms=attempt.timings.total_ms,
                state=state,
                error=attempt.error,
                event_id=due_delivery.event_id,
                request_id=due_delivery.request_id,
            )
        elif self._logs_successes:
            log.debug(
                "delivery.delivered",
                delivery_id=due_delivery.id,
                endpoint_id=queue.endpoint_id,
                event_type=due_delivery.event_type,
                number=attempt.number,
                status=attempt.status_code,
                ms=attempt.timings.total_ms,
                event_id=due_delivery.event_id,
                request_id=due_delivery.request_id,
            )

    def _record(self, due_delivery: DueDelivery, attempt: Attempt) -> None:
        self._metrics.record_attempt(attempt.outcome, to_seconds(attempt.timings.total_ms))
        created_at = due_delivery.created_at
        if created_at is None or not due_delivery.is_as_planned:
            return
        age_ms = attempt.started_at - created_at
        if attempt.number == 1:
            self._metrics.record_first_attempt(to_seconds(age_ms))
        if attempt.outcome is AttemptOutcome.DELIVERED:
            self._metrics.record_success(to_seconds(age_ms + attempt.timings.total_ms))

    def _on_uncertain(self, endpoint_ids: Collection[str]) -> None:
        """Note that outcomes could not be stored: the pool waits for the database, which is no fault of its own."""
        self.movement.note_step()
        self._queues.request_reread(endpoint_ids)

    def _find_longest_attempt_s(self) -> float:
        return max(to_seconds(self._context.config.webhooks.timeout), MAX_TIMEOUT_S)

    def _on_cool_down_end(self, queue: EndpointQueue, delivery_id: str) -> None:
        queue.cooling_down.discard(delivery_id)
        self._queues.mark_unread(queue)


def _describe(span: Span, unsealed_endpoint: UnsealedEndpoint, due_delivery: DueDelivery, attempt: Attempt) -> None:
    span.set("dcvd.delivery_id", due_delivery.id)
    span.set("dcvd.endpoint_id", unsealed_endpoint.endpoint.id)
    span.set("dcvd.org_id", unsealed_endpoint.endpoint.org_id)
    span.set("dcvd.event_id", due_delivery.event_id)
    span.set("dcvd.event_type", due_delivery.event_type.value)
    span.set("dcvd.request_id", due_delivery.request_id)
    span.set("dcvd.attempt", attempt.number)
    span.set("http.response.status_code", attempt.status_code)
    if attempt.error is not None:
        span.fail(attempt.outcome.value)
