"""Limit expensive work: for each caller at once and per minute, and for all callers together at once.

A caller's customers have another part, as large as the caller's own, of which each may have a quarter.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Final

from dcvd.core.sentences.rendering import render
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.errors import Retryable, TooManyRequests
from dcvd.kit.limits.recent_entries import RecentEntries
from dcvd.kit.limits.shared_slots import SharedSlots
from dcvd.kit.limits.sliding_window import SlidingWindow

_MINUTE_S: Final = 60.0
_RETRY_AFTER_S: Final = 5.0
_CUSTOMERS_PER_PART: Final = 4


class AdmissionLimit:
    """The limit on one kind of work. work: the id of the plural noun for it."""

    def __init__(
        self,
        work: str,
        *,
        max_per_caller: int,
        max_total: int,
        max_per_minute: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_per_minute` is the limit for one caller; `monotonic` returns monotonic seconds."""
        self._work = work
        self._max_total = max_total
        self._max_per_caller = max_per_caller
        self._max_per_minute = max_per_minute
        self._monotonic = monotonic
        self._slots = SharedSlots[str](max_total, max_per_caller)
        # The callers of the last minute: to forget one of them would admit more of theirs in that minute.
        self._windows = RecentEntries[str, SlidingWindow](None, lambda window: window.is_idle)

    @contextmanager
    def admit(self, caller: str, customer: str | None = None) -> Iterator[None]:
        """Admit one piece of work, which lasts as long as the block.

        customer: the id of the caller's customer who asks, if one does.

        Raises TooManyRequests when the caller, the customer, or all the caller's customers together have reached a
        limit, Retryable when all callers together have.
        """
        if customer is None:
            with self._admit(caller):
                yield
        else:
            with self._customer_limit.admit(customer), self._admit(f"{caller} customers"):
                yield

    @cached_property
    def _customer_limit(self) -> "AdmissionLimit":
        return AdmissionLimit(
            self._work,
            max_per_caller=max(self._max_per_caller // _CUSTOMERS_PER_PART, 1),
            max_total=self._max_total,
            max_per_minute=max(self._max_per_minute // _CUSTOMERS_PER_PART, 1),
            monotonic=self._monotonic,
        )

    @contextmanager
    def _admit(self, caller: str) -> Iterator[None]:
        work = say(self._work)
        if self._slots.count_held(caller) >= self._max_per_caller:
            raise TooManyRequests(
                word("work_under_way", most=self._max_per_caller, work=work),
                retry_after_s=_RETRY_AFTER_S,
            )
        window = self._windows.use(caller, self._new_window)
        wait_s = window.get_wait_s()
        if wait_s:
            message = word("work_too_often", most=self._max_per_minute, work=work)
            raise TooManyRequests(message, retry_after_s=wait_s)
        if not self._slots.free_slots:
            busy = f"So many {render((work,))} are under way that there is no room for this one; ask again in a moment."
            raise Retryable(busy, code="busy", retry_after_s=_RETRY_AFTER_S)
        window.take()
        with self._slots.take(caller):
            yield

    def _new_window(self) -> SlidingWindow:
        return SlidingWindow(self._max_per_minute, _MINUTE_S, self._monotonic)
