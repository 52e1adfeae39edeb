"""How far one POST has come, and how long each part of the way took."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from dcvd.core.http_exchanges import FailureReason, Timings
from dcvd.core.instants import to_milliseconds
from dcvd.kit.egress.failures import ExchangeError

_FIRST_PHASE: Final = "waiting for a free connection"

TimedPart = Literal["dns", "connect", "tls"]


class ExchangeProgress:
    """Its clock is the loop's. A part that ended badly was reached too, so its time until then is kept.

    `first_byte_s` is in seconds, from the request's last byte to the answer's first.
    """

    __slots__ = ("_loop", "_part_ms", "_start_time", "_timeout_s", "deadline", "first_byte_s", "phase", "remote_ip")

    def __init__(self, timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._start_time = self._loop.time()
        self._part_ms: dict[TimedPart, int] | None = None
        self._timeout_s = timeout_s
        self.deadline = self._start_time + timeout_s
        self.phase = _FIRST_PHASE
        self.first_byte_s: float | None = None
        self.remote_ip: str | None = None

    @contextmanager
    def measure(self, part: TimedPart, phase: str) -> Iterator[None]:
        """Measures what is done inside; `phase` says what that is, in the sentence of a timeout."""
        self.phase = phase
        began = self._loop.time()
        try:
            yield
        finally:
            if self._part_ms is None:
                self._part_ms = {}
            self._part_ms[part] = _to_ms(self._loop.time() - began)

    def get_remaining_s(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - self._loop.time()

    def build_timeout_error(self, host: str) -> ExchangeError:
        """What to say when the deadline came."""
        message = f"{host} did not answer completely within {self._timeout_s:g} s; we were still {self.phase}."
        # As long as no connection was free it was we who kept it waiting.
        return ExchangeError("timeout", FailureReason.OWN_LIMIT if self.phase == _FIRST_PHASE else None, message)

    def to_timings(self) -> Timings:
        """As things stand."""
        total = _to_ms(self._loop.time() - self._start_time)
        waited = None if self.first_byte_s is None else _to_ms(self.first_byte_s)
        if self._part_ms is None:
            return Timings(first_byte_ms=waited, total_ms=total)
        parts = self._part_ms
        return Timings(
            dns_ms=parts.get("dns"),
            connect_ms=parts.get("connect"),
            tls_ms=parts.get("tls"),
            first_byte_ms=waited,
            total_ms=total,
        )


def _to_ms(seconds: float) -> int:
    return to_milliseconds(seconds)
