"""Bounds the log lines that callers cause whom nobody knows: they can send as much as they like."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextvars import Context
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

from dcvd.kit.limits.token_bucket import TokenBucket

_KEY: Final = "anonymous"
_MAX_LINES: Final = 60
_WINDOW_S: Final = 60.0  # seconds

log = structlog.get_logger(__name__)


class AnonymousLines:
    """Admits some lines a minute, counts the others, and tells their number in one line at the end of the minute."""

    def __init__(
        self,
        *,
        max_lines: int = _MAX_LINES,
        window_s: float = _WINDOW_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.suppressed_count = 0
        self._untold_count = 0
        self._window_s = window_s
        self._bucket = TokenBucket(max_lines, window_s, monotonic)

    def admit(self) -> bool:
        """Whether a line may be written; one that may not is counted."""
        if self._bucket.get_wait_s() == 0:
            self._bucket.take()
            return True
        self.suppressed_count += 1
        self._untold_count += 1
        if self._untold_count == 1:
            # In a context of its own: the line is ours, and belongs to no request.
            asyncio.get_running_loop().call_later(self._window_s, self._tell, context=Context())
        return False

    def _tell(self) -> None:
        log.warning("logs.anonymous_lines_suppressed", count=self._untold_count)
        self._untold_count = 0


ANONYMOUS_LINES: Final = AnonymousLines()
"""Of this process, which has one log."""


def mark_anonymous() -> None:
    """Bound what is logged in this context until the caller is known; a single line says `anonymous=True` itself."""
    structlog.contextvars.bind_contextvars(**{_KEY: True})


def mark_known() -> None:
    """Log every line of this context from here on: it is known who causes them."""
    structlog.contextvars.unbind_contextvars(_KEY)


def drop_excess(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop an anonymous line beyond the bound; a processor of structlog."""
    if event.pop(_KEY, False) and not ANONYMOUS_LINES.admit():
        raise structlog.DropEvent
    return event


def is_admitted(record: logging.LogRecord) -> bool:
    """Whether a line of the HTTP server's may be written, which warns of each request that it cannot parse."""
    return record.levelno != logging.WARNING or ANONYMOUS_LINES.admit()
