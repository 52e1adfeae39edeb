"""Share the queries that may be in flight among checks, so that a dead zone's check delays no healthy one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dcvd.dns.queries.budget import QueryBudget
from dcvd.kit.limits.shared_slots import SharedSlots

_MIN_SLOTS_PER_CHECK: Final = 2


class QuerySlots(SharedSlots[QueryBudget]):
    """Slots for `limit` queries at once. A check holds at most its share among the running checks, but may hold 2."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit, limit)
        self._running_checks = 0

    @contextmanager
    def track_check(self) -> Iterator[None]:
        """Count a check as running for as long as the block lasts."""
        self._count_checks(1)
        try:
            yield
        finally:
            self._count_checks(-1)

    def _count_checks(self, change: int) -> None:
        self._running_checks += change
        self.set_max_per_claimant(max(_MIN_SLOTS_PER_CHECK, self.limit // max(1, self._running_checks)))
