"""The clock that a daemon goes by: the machine's, held against the monotonic one and against what others say."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from dcvd.core import clock_discipline
from dcvd.core.clock_discipline import FOLLOWED_MS, ClockReport, ClockState, ClockStep, RememberedTime
from dcvd.core.instants import SECOND

_NS_PER_MS: Final = 1_000_000
_HALF_A_SECOND_MS: Final = SECOND // 2
"""A `Date` has no fractions: on the average, so much more has passed."""


_get_boot_time_ns: Final = partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)
"""The time since the machine was started, which goes on while it sleeps."""


class DisciplinedClock:
    """Gives the time that `core.clock_discipline` chooses.

    `now` and `confirmed_now` may be called on any thread, all else on that of the event loop.
    """

    def __init__(
        self,
        *,
        get_wall_ns: Callable[[], int] = time.time_ns,
        get_monotonic_ns: Callable[[], int] = _get_boot_time_ns,
    ) -> None:
        self._get_wall_ns = get_wall_ns
        self._get_monotonic_ns = get_monotonic_ns
        self._listeners: list[asyncio.Event] = []
        self._steps: list[ClockStep] = []
        self._was_wrong = False
        self._unconfirmed_since_ms = self._monotonic_ms()
        self._state = ClockState(offset_ms=self._wall_offset_ms())

    def begin(self, remembered: RememberedTime | None) -> None:
        """Begin anew, with what was stored of the time."""
        wall_at, monotonic_ms = self._get_wall_ns() // _NS_PER_MS, self._monotonic_ms()
        self._state = clock_discipline.begin(wall_at, monotonic_ms, remembered)
        self._unconfirmed_since_ms = monotonic_ms

    def now(self) -> int:
        """Return the milliseconds since the epoch, UTC, that dcvd goes by."""
        wall_at, monotonic_ms, state = self._get_wall_ns() // _NS_PER_MS, self._monotonic_ms(), self._state
        held_at = monotonic_ms + state.offset_ms
        if state.is_confirmed and not -FOLLOWED_MS <= wall_at - held_at <= FOLLOWED_MS:
            return held_at
        return wall_at

    def confirmed_now(self) -> int | None:
        """Return the present instant where something confirms it; see `ConfirmingClock`."""
        return self.now() if self._state.is_confirmed else None

    def look(self) -> None:
        """Hold the machine's clock against the monotonic one; call this each second or so."""
        self._go_by(clock_discipline.follow(self._state, self._wall_offset_ms()))
        is_wrong = self.report().is_wrong
        if is_wrong is not self._was_wrong:
            self._was_wrong = is_wrong
            self._announce()

    def hear_date(self, date_at: int) -> None:
        """Learn what time an answer of Cloudflare's told just now, in milliseconds since the epoch."""
        date_offset_ms = date_at + _HALF_A_SECOND_MS - self._monotonic_ms()
        self._go_by(clock_discipline.hear_date(self._state, self._wall_offset_ms(), date_offset_ms))

    def listen(self) -> asyncio.Event:
        """Return an event that is set whenever `report` would say something else, or there are steps to take."""
        event = asyncio.Event()
        self._listeners.append(event)
        return event

    def take_steps(self) -> list[ClockStep]:
        """Return the steps since the last call, the earliest first."""
        steps, self._steps = self._steps, []
        return steps

    def report(self) -> ClockReport:
        """Report how things stand."""
        is_confirmed = self._state.is_confirmed
        return ClockReport(
            ahead_ms=self._get_wall_ns() // _NS_PER_MS - self.now(),
            unconfirmed_ms=None if is_confirmed else self._monotonic_ms() - self._unconfirmed_since_ms,
        )

    def remember(self) -> RememberedTime:
        """Return what is to be stored of the time."""
        return RememberedTime(seen_at=self.now(), confirmed_at=self.confirmed_now())

    def _go_by(self, state: ClockState) -> None:
        before, self._state = self._state, state
        length_ms = state.offset_ms - before.offset_ms
        is_step = abs(length_ms) > FOLLOWED_MS
        if is_step:
            after_at = self._monotonic_ms() + state.offset_ms
            self._steps.append(ClockStep(after_at - length_ms, after_at))
        if is_step or state.is_confirmed is not before.is_confirmed:
            self._announce()

    def _announce(self) -> None:
        for event in self._listeners:
            event.set()

    def _monotonic_ms(self) -> int:
        return self._get_monotonic_ns() // _NS_PER_MS

    def _wall_offset_ms(self) -> int:
        return self._get_wall_ns() // _NS_PER_MS - self._monotonic_ms()
