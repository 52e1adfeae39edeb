"""What the database's writer manages, as the watchdog, the metrics and those who depend on it ask."""

import time
from collections import Counter
from collections.abc import Callable, Sequence


class WriterState:
    """Counts groups of units that were committed and that failed, and knows for how long the writer is at one.

    A group that changed nothing says nothing about the disk: neither is it a commit, nor does it end an outage.
    """

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, *, count_waiting: Callable[[], int] = lambda: 0
    ) -> None:
        """`monotonic` returns monotonic seconds. `count_waiting` counts the units that wait for the writer."""
        self.count_waiting = count_waiting
        self._monotonic = monotonic
        self._group_began_s: float | None = None
        self._last_commit_s = monotonic()
        self._outage_began_s: float | None = None
        self._last_failure_s = 0.0
        self._on_recovered: list[Callable[[], None]] = []
        self._on_committed: list[Callable[[float], None]] = []
        self.commits = 0
        self.failures: Counter[str] = Counter()
        """Groups, and units of groups, that failed, by the code of the error that their callers got."""

    @property
    def can_store(self) -> bool:
        """Whether the last group that had something to store was stored."""
        return self._outage_began_s is None

    def has_failed_within(self, seconds: float) -> bool:
        """Whether the last group that had something to store failed, so many seconds ago at most."""
        return self._outage_began_s is not None and self._monotonic() - self._last_failure_s <= seconds

    def measure_stall(self) -> float:
        """Measure for how many seconds the writer has been at its present group; 0 where it has none.

        A disk that refuses quickly is no stall: the writer goes on to the next group.
        """
        return 0.0 if self._group_began_s is None else self._monotonic() - self._group_began_s

    def measure_outage(self) -> float:
        """Measure for how many seconds nothing could be stored; 0 where the last group was."""
        return 0.0 if self._outage_began_s is None else self._monotonic() - self._outage_began_s

    def measure_commit_age(self) -> float:
        """Measure how many seconds ago something was stored last, or the database was opened."""
        return self._monotonic() - self._last_commit_s

    def call_when_recovered(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time that something is stored again. It must not raise."""
        self._on_recovered.append(callback)

    def call_when_committed(self, callback: Callable[[float], None]) -> None:
        """Call `callback` with the seconds that a group took, each time that one was stored. It must not raise."""
        self._on_committed.append(callback)

    def begin_group(self) -> None:
        """Note that the writer waits for a group from now on."""
        self._group_began_s = self._monotonic()

    def end_group(self, *, has_written: bool, refusals: Sequence[str] = ()) -> None:
        """Note that the group was committed, but for the units that the disk refused, of each the code of its error."""
        duration_s = self.measure_stall()
        self._group_began_s = None
        self.failures.update(refusals)
        if not has_written:
            if refusals:
                self._begin_outage()
            return
        self.commits += 1
        for notify in self._on_committed:
            notify(duration_s)
        self._last_commit_s = self._monotonic()
        if self._outage_began_s is not None:
            self._outage_began_s = None
            for callback in self._on_recovered:
                callback()

    def fail_group(self, code: str) -> None:
        """Note that nothing of the group was acknowledged."""
        self._group_began_s = None
        self.failures[code] += 1
        self._begin_outage()

    def _begin_outage(self) -> None:
        self._last_failure_s = self._monotonic()
        if self._outage_began_s is None:
            self._outage_began_s = self._monotonic()
