"""How far one POST has come, and how long each part of the way took."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from dcvd.core.http_exchanges import FailureReason, Timings
from dcvd.kit.egress.failures import Failed

_AT_FIRST: Final = "waiting for a free connection"

Part = Literal["dns", "connect", "tls"]


class Course:
    """Its clock is the loop's. A part that ended badly was reached too, so its time until then is kept.

    `first_byte` is in seconds, from the request's last byte to the answer's first.
    """

    __slots__ = ("_began", "_loop", "_parts", "_timeout", "ends_at", "first_byte", "phase", "remote_ip")

    def __init__(self, timeout: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._parts: dict[Part, int] | None = None
        self._timeout = timeout
        self.ends_at = self._began + timeout
        self.phase = _AT_FIRST
        self.first_byte: float | None = None
        self.remote_ip: str | None = None

    @contextmanager
    def part(self, part: Part, phase: str) -> Iterator[None]:
        """Measures what is done inside; `phase` says what that is, in the sentence of a timeout."""
        self.phase = phase
        began = self._loop.time()
        try:
            yield
        finally:
            if self._parts is None:
                self._parts = {}
            self._parts[part] = _ms(self._loop.time() - began)

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.ends_at - self._loop.time()

    def late(self, host: str) -> Failed:
        """What to say when the deadline came."""
        message = f"{host} did not answer completely within {self._timeout:g} s; we were still {self.phase}."
        # As long as no connection was free it was we who kept it waiting.
        return Failed("timeout", FailureReason.OWN_LIMIT if self.phase == _AT_FIRST else None, message)

    def timings(self) -> Timings:
        """As things stand."""
        total = _ms(self._loop.time() - self._began)
        waited = None if self.first_byte is None else _ms(self.first_byte)
        if self._parts is None:
            return Timings(first_byte_ms=waited, total_ms=total)
        parts = self._parts
        return Timings(
            dns_ms=parts.get("dns"),
            connect_ms=parts.get("connect"),
            tls_ms=parts.get("tls"),
            first_byte_ms=waited,
            total_ms=total,
        )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
