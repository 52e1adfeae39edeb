"""Queues that wait for a slot: organizations take turns, and so do the queues of each."""

from collections import OrderedDict
from collections.abc import Callable

from dcvd.delivery.endpoint_queue import EndpointQueue


class WaitingQueues:
    """Holds queues by organization, in the order of their arrival."""

    def __init__(self) -> None:
        self._by_org: OrderedDict[str, OrderedDict[str, EndpointQueue]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._by_org)

    def add(self, queue: EndpointQueue) -> None:
        """Add a queue at the end of its organization's."""
        self._by_org.setdefault(queue.org_id, OrderedDict())[queue.endpoint_id] = queue

    def remove(self, queue: EndpointQueue) -> None:
        """Remove a queue that waits."""
        queues = self._by_org[queue.org_id]
        del queues[queue.endpoint_id]
        if not queues:
            del self._by_org[queue.org_id]

    def take(self, may_start: Callable[[str], bool]) -> EndpointQueue | None:
        """Take the first queue of the first organization that may start one, whose turn then is over."""
        org_id = next(filter(may_start, self._by_org), None)
        if org_id is None:
            return None
        queues = self._by_org[org_id]
        _, queue = queues.popitem(last=False)
        if queues:
            self._by_org.move_to_end(org_id)
        else:
            del self._by_org[org_id]
        return queue
