"""The discipline of the clock: which time dcvd goes by, and what confirms it.

The monotonic clock cannot step, but it knows no date. The machine's clock knows one, and may step. So dcvd goes by the
monotonic clock plus an offset, which follows the machine's clock, until something has confirmed it: a `Date` that
Cloudflare sent, or an instant that was stored a moment ago. From then on a step of the machine's clock is followed only
when a `Date` agrees with it.

Every offset here is a time in milliseconds since the epoch, less the monotonic clock at that moment.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.instants import MINUTE, SECOND, Milliseconds

FOLLOWED_MS: Final = 2 * SECOND
"""The machine's clock is followed over so much at once: programs that keep it right correct it by as little."""
AGREEMENT_MS: Final = MINUTE
"""So far a `Date` may lie from the time that it confirms: it may have been under way for long."""
MAX_DOWNTIME_MS: Final = 10 * MINUTE
"""So long after an instant that was stored, the machine's clock is confirmed by it: the daemon was started again."""

_FOR_EVER: Final = 2**62


class RememberedTime(Struct, frozen=True, kw_only=True):
    """What was stored of the time: the last one that dcvd went by, and the last one of them that was confirmed."""

    seen_at: int
    confirmed_at: int | None = None


class ClockState(Struct, frozen=True, kw_only=True):
    """What dcvd goes by: the monotonic clock plus `offset_ms`.

    is_confirmed: whether that much time has surely passed. disputed_offset_ms: of a `Date` that contradicts the time
    that is gone by, which another one has to repeat.
    """

    offset_ms: Milliseconds
    is_confirmed: bool = False
    disputed_offset_ms: Milliseconds | None = None


class ClockStep(Struct, frozen=True):
    """A step of the time that dcvd goes by: the instants before and after it, of the same moment."""

    before_at: int
    after_at: int

    @property
    def length_ms(self) -> Milliseconds:
        """How far it went; negative for a step back."""
        return self.after_at - self.before_at

    @property
    def planned_after(self) -> int:
        """The instant after which a plan lies that the step moves."""
        return min(self.before_at, self.after_at)

    @property
    def planned_until(self) -> int:
        """The last instant of such a plan: after a step forward, what lies behind it may have been planned since."""
        return self.after_at if self.length_ms > 0 else _FOR_EVER


class ClockReport(Struct, frozen=True, kw_only=True):
    """How things stand with the time.

    ahead_ms: by how much the machine's clock is ahead of the time that is gone by; negative: behind.
    unconfirmed_ms: for how long nothing has confirmed that time; None where something does.
    """

    ahead_ms: Milliseconds
    unconfirmed_ms: Milliseconds | None

    @property
    def is_confirmed(self) -> bool:
        return self.unconfirmed_ms is None

    @property
    def is_in_doubt(self) -> bool:
        """Whether somebody else has to be asked for the time."""
        return not self.is_confirmed or abs(self.ahead_ms) > FOLLOWED_MS

    @property
    def is_wrong(self) -> bool:
        """Whether the machine's clock contradicts the time that is gone by."""
        return is_far_apart(self.ahead_ms)


def is_far_apart(ahead_ms: Milliseconds) -> bool:
    """Whether two clocks contradict each other, of which one is ahead of the other by so much (negative: behind)."""
    return abs(ahead_ms) > AGREEMENT_MS


def begin(wall_at: int, monotonic_ms: int, remembered: RememberedTime | None) -> ClockState:
    """Return what to go by at a start, when the machine's clock shows `wall_at`.

    Less time than was confirmed before cannot have passed: a clock that is behind is not followed. How much more has
    passed, only a `Date` can tell, since a machine may have been off for long.
    """
    confirmed_at = None if remembered is None else remembered.confirmed_at
    if confirmed_at is None:
        return ClockState(offset_ms=wall_at - monotonic_ms)
    if wall_at < confirmed_at - FOLLOWED_MS:
        return ClockState(offset_ms=confirmed_at - monotonic_ms, is_confirmed=True)
    return ClockState(offset_ms=wall_at - monotonic_ms, is_confirmed=wall_at <= confirmed_at + MAX_DOWNTIME_MS)


def follow(state: ClockState, wall_offset_ms: Milliseconds) -> ClockState:
    """Return what to go by after a look at the machine's clock."""
    if state.is_confirmed and abs(wall_offset_ms - state.offset_ms) > FOLLOWED_MS:
        return state
    return state if wall_offset_ms == state.offset_ms else replace(state, offset_ms=wall_offset_ms)


def hear_date(state: ClockState, wall_offset_ms: Milliseconds, date_offset_ms: Milliseconds) -> ClockState:
    """Return what to go by after a `Date` of Cloudflare's.

    The machine's clock is gone by where it agrees, else what was gone by; where both do, whichever is nearer. Where
    neither does, and a second `Date` repeats it, the date itself is.
    """
    is_held_nearer = abs(date_offset_ms - state.offset_ms) + FOLLOWED_MS < abs(date_offset_ms - wall_offset_ms)
    if state.is_confirmed and is_held_nearer and _agree(date_offset_ms, state.offset_ms):
        return ClockState(offset_ms=state.offset_ms, is_confirmed=True)
    if _agree(date_offset_ms, wall_offset_ms):
        return ClockState(offset_ms=wall_offset_ms, is_confirmed=True)
    if _agree(date_offset_ms, state.offset_ms):
        return ClockState(offset_ms=state.offset_ms, is_confirmed=True)
    if state.disputed_offset_ms is not None and _agree(date_offset_ms, state.disputed_offset_ms):
        return ClockState(offset_ms=date_offset_ms, is_confirmed=True)
    return replace(state, disputed_offset_ms=date_offset_ms)


def _agree(one_ms: Milliseconds, other_ms: Milliseconds) -> bool:
    return abs(one_ms - other_ms) <= AGREEMENT_MS
