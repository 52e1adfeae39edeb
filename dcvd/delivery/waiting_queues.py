"""Queues that wait for a slot: first the organization that held slots for the least time, and so do its queues."""

from collections.abc import Callable

from dcvd.delivery.endpoint_queue import EndpointQueue
from dcvd.delivery.slot_time import SlotTime, SlotTimeOrder


class _Organization:
    """The queues of one organization that wait."""

    __slots__ = ("org_id", "queues", "slot_time")

    def __init__(self, org_id: str, slot_time: SlotTime) -> None:
        self.org_id = org_id
        self.slot_time = slot_time
        self.queues = SlotTimeOrder[EndpointQueue]()


class WaitingQueues:
    """Holds queues by organization, in the order in which they get slots. Instants are monotonic seconds."""

    def __init__(self) -> None:
        self._organizations = SlotTimeOrder[_Organization]()

    def __bool__(self) -> bool:
        return len(self._organizations) > 0

    def has(self, org_id: str) -> bool:
        """Whether a queue of an organization waits."""
        return self._organizations.get(org_id) is not None

    def add(self, queue: EndpointQueue, slot_time: SlotTime, now_s: float) -> None:
        """Add a queue that does not wait yet; `slot_time` is its organization's."""
        organization = self._organizations.get(queue.org_id)
        if organization is None:
            organization = _Organization(queue.org_id, slot_time)
            self._organizations.add(queue.org_id, organization, now_s)
        organization.queues.add(queue.endpoint_id, queue, now_s)

    def remove(self, queue: EndpointQueue) -> None:
        """Remove a queue that waits."""
        organization = self._organizations.get(queue.org_id)
        assert organization is not None, "a queue that waits has an organization that does"
        organization.queues.remove(queue.endpoint_id)
        if not organization.queues:
            self._organizations.remove(queue.org_id)

    def take(self, may_start: Callable[[str], bool], now_s: float) -> EndpointQueue | None:
        """Take the first queue of the first organization that may start one."""
        organization = self._organizations.find_first(now_s, may_start)
        if organization is None:
            return None
        queue = organization.queues.take_first(now_s)
        if not organization.queues:
            self._organizations.remove(organization.org_id)
        return queue
