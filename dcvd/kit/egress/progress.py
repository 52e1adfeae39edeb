"""Track how far one POST has come, and how long each part took."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from dcvd.core.http.exchanges import FailureReason, RepeatedExchange, Timings
from dcvd.core.instants import to_milliseconds
from dcvd.kit.egress.failures import EgressError

_FIRST_PHASE: Final = "waiting for a free connection"
LOOKUP_PHASE: Final = "looking up the name"

TimedPart = Literal["dns", "connect", "tls"]


class ExchangeProgress:
    """The progress of one exchange, by the loop's clock. The time of a part that failed is kept too.

    phase: what the exchange is doing now. first_byte_s: seconds from the request's last byte to the answer's first.
    repeated: what came of the request over a kept connection, where it is sent again over a new one.
    """

    __slots__ = (
        "_loop",
        "_part_ms",
        "_start_time",
        "_timeout_s",
        "deadline",
        "first_byte_s",
        "phase",
        "remote_ip",
        "repeated",
    )

    def __init__(self, timeout_s: float, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Begin now; `loop` is the running one, for callers that know it already."""
        self._loop = asyncio.get_running_loop() if loop is None else loop
        self._start_time = self._loop.time()
        self._part_ms: dict[TimedPart, int] | None = None
        self._timeout_s = timeout_s
        self.deadline = self._start_time + timeout_s
        self.phase = _FIRST_PHASE
        self.first_byte_s: float | None = None
        self.remote_ip: str | None = None
        self.repeated: RepeatedExchange | None = None

    @contextmanager
    def measure(self, part: TimedPart, phase: str) -> Iterator[None]:
        """Measure the time of the block; `phase` describes the block in the message of a timeout."""
        self.phase = phase
        start_time = self._loop.time()
        try:
            yield
        finally:
            if self._part_ms is None:
                self._part_ms = {}
            self._part_ms[part] = to_milliseconds(self._loop.time() - start_time)

    def get_remaining_s(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - self._loop.time()

    def build_timeout_error(self, host: str) -> EgressError:
        """Build the error of an exchange that reached its deadline."""
        message = f"{host} did not answer completely within {self._timeout_s:g} s; we were still {self.phase}."
        # As long as no connection was free, our own limit was the cause.
        return EgressError("timeout", FailureReason.OWN_LIMIT if self.phase == _FIRST_PHASE else None, message)

    def to_timings(self) -> Timings:
        """Return the times that were measured so far."""
        total_ms = to_milliseconds(self._loop.time() - self._start_time)
        first_byte_ms = None if self.first_byte_s is None else to_milliseconds(self.first_byte_s)
        part_ms = self._part_ms or {}
        return Timings(
            dns_ms=part_ms.get("dns"),
            connect_ms=part_ms.get("connect"),
            tls_ms=part_ms.get("tls"),
            first_byte_ms=first_byte_ms,
            total_ms=total_ms,
        )
