"""The scheduler with endpoints that take their time, on a clock that is moved: hours pass in a moment."""

import heapq
import itertools

from dcvd.core.webhooks.deliveries import AttemptOutcome, DueDelivery
from dcvd.delivery.endpoint_queue import EndpointQueue
from tests.delivery.scheduling.queues import LIMIT, NOW, Monotonic, due, lane_of, made, new_scheduler


class Simulation:
    """Plays the pool. An endpoint answers after so many seconds, and more than `timeout_s` is a timeout."""

    def __init__(self, slots: int, timeout_s: float = 30.0) -> None:
        self.clock = Monotonic()
        self.scheduler = new_scheduler(slots, clock=self.clock)
        self.slots = slots
        self.slot_seconds: dict[str, float] = {}
        self.waited_s: dict[str, list[float]] = {}
        """For how long deliveries of each organization waited until they were sent, once they were due."""
        self._timeout_s = timeout_s
        self._took_s: dict[str, float] = {}
        self._due_since: dict[str, float] = {}
        self._ends: list[tuple[float, int, EndpointQueue, DueDelivery]] = []
        self._numbers = itertools.count()

    def add(self, org_id: str, took_s: float, *, brisk: bool = False) -> EndpointQueue:
        """An endpoint, which owes nothing yet."""
        queue = lane_of(f"wh_{org_id}_{next(self._numbers)}", 0, org_id, brisk=brisk, clock=self.clock)
        self._took_s[queue.endpoint_id] = took_s
        return queue

    def owe(self, queue: EndpointQueue, count: int = 1) -> None:
        """Deliveries are due now."""
        deliveries = due(count)
        self._due_since |= {delivery.id: self.clock.now for delivery in deliveries}
        queue.add(deliveries)
        self.scheduler.offer(queue)
        self._fill()

    def slow_down(self, queue: EndpointQueue, took_s: float) -> None:
        """From now on the endpoint takes so long."""
        self._took_s[queue.endpoint_id] = took_s

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.clock.now + seconds
        while self._ends and self._ends[0][0] <= end:
            self.clock.now, _, queue, delivery = heapq.heappop(self._ends)
            took_s = self._held_s(queue)
            self.slot_seconds[queue.org_id] = self.slot_seconds.get(queue.org_id, 0.0) + took_s
            is_timeout = took_s >= self._timeout_s
            outcome = AttemptOutcome.TIMEOUT if is_timeout else AttemptOutcome.DELIVERED
            queue.finish(delivery, made(delivery.id, outcome, ms=round(took_s * 1000)))
            self.scheduler.finish(queue, delivery.id)
            self._fill()
        self.clock.now = end

    def _held_s(self, queue: EndpointQueue) -> float:
        return min(self._took_s[queue.endpoint_id], self._timeout_s)

    def _fill(self) -> None:
        while len(self._ends) < self.slots:
            queue = self.scheduler.choose(NOW, LIMIT)
            if queue is None:
                return
            delivery = queue.take_next()
            self.waited_s.setdefault(queue.org_id, []).append(self.clock.now - self._due_since.pop(delivery.id))
            heapq.heappush(self._ends, (self.clock.now + self._held_s(queue), next(self._numbers), queue, delivery))
            self.scheduler.start(queue, delivery.id)
