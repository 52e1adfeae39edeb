"""Gathers lines that repeat each other, so that a storm of them does not push out the line that matters.

journald drops what is beyond 10,000 lines in 30 seconds, whichever lines those are.
"""

import asyncio
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from contextvars import Context
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_TOLD: Final = "logs.repeated_lines"
_WINDOW_S: Final = 60.0  # seconds
_MAX_LINES: Final = 20
_MAX_INFO_LINES: Final = 100
_MAX_LINES_IN_ALL: Final = 4_000
_MAX_KEYS: Final = 1_000
_MAX_EXAMPLES: Final = 3
_MAX_TEXT_CHARS: Final = 200
_REASONS: Final = ("code", "outcome", "status", "reason", "fault")
_CLASSES: Final = ("kind", "event_type", "channel", "part", "task", "pool", "lane", "provider")
_DESCRIPTIVE_KEYS: Final = frozenset({*_REASONS, *_CLASSES})
_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "exception": logging.ERROR,
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
}
_PARTICULAR: Final = re.compile(r"\w*\d\w*")
"""Ids, numbers and addresses: what differs between two texts that say the same of two things."""

log = structlog.get_logger(__name__)


class _Repetition:
    """The lines of one key in this window."""

    __slots__ = ("event", "examples", "level", "lines", "reasons", "suppressed")

    def __init__(self, event: str, level: int, reasons: Mapping[str, object]) -> None:
        self.event = event
        self.level = level
        self.reasons = reasons
        self.lines = 0
        self.suppressed = 0
        self.examples: list[dict[str, object]] = []


class RepeatedLines:
    """Admits the first lines of each event, reason and class of subject in a window, and counts the others.

    At the end of the window one line for each tells how many more there were, with some of them as examples. Of lines
    of the level error, only those are counted as repetitions whose error is the same but for ids and numbers. Debug
    lines are all admitted: whoever asks for them wants them.
    """

    def __init__(
        self,
        *,
        window_s: float = _WINDOW_S,
        max_lines: int = _MAX_LINES,
        max_info_lines: int = _MAX_INFO_LINES,
        max_lines_in_all: int = _MAX_LINES_IN_ALL,
        max_keys: int = _MAX_KEYS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_lines`, `max_info_lines`: how many lines of a key are admitted in `window_s` seconds.

        max_lines_in_all: how many in all, after which only the first of each key is. max_keys: how many keys are told
        apart; what comes beyond is told apart by the event alone. monotonic: returns monotonic seconds.
        """
        self.suppressed_count = 0
        self._window_s = window_s
        self._max_lines = max_lines
        self._max_info_lines = max_info_lines
        self._max_lines_in_all = max_lines_in_all
        self._max_keys = max_keys
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._repetitions: dict[Hashable, _Repetition] = {}
        self._lines_in_all = 0
        self._ends_s = monotonic()
        self._has_timer = False

    @property
    def key_count(self) -> int:
        """How many keys are told apart in this window."""
        return len(self._repetitions)

    def admit(self, event: str, level: int, facts: Mapping[str, Any]) -> bool:
        """Whether a line may be written; one that may not is counted. `facts`: all that it says beside its event."""
        if level < logging.INFO:
            return True
        now_s = self._monotonic()
        if now_s >= self._ends_s:
            self.tell()
        get = facts.get
        # Written out: this runs for each line, and a loop over the names would take twice as long.
        key: Hashable = (
            event, get("code"), get("outcome"), get("status"), get("reason"), get("fault"),
            get("kind"), get("event_type"), get("channel"), get("part"), get("task"), get("pool"), get("lane"),
            get("provider"),
            _describe_error(facts) if level >= logging.ERROR else level,
        )  # fmt: skip
        with self._lock:
            repetition = self._find(key, event, level, facts)
            repetition.lines += 1
            allowed = self._max_lines if level > logging.INFO else self._max_info_lines
            if repetition.lines == 1 or (repetition.lines <= allowed and self._lines_in_all < self._max_lines_in_all):
                self._lines_in_all += 1
                return True
            self.suppressed_count += 1
            repetition.suppressed += 1
            if len(repetition.examples) < _MAX_EXAMPLES:
                repetition.examples.append(_shorten(facts))
        if not self._has_timer:
            self._start_timer(now_s)
        return False

    def tell(self) -> None:
        """End the window: tell what was counted, and begin to count anew."""
        with self._lock:
            repetitions, self._repetitions = self._repetitions, {}
            self._lines_in_all = 0
            self._ends_s = self._monotonic() + self._window_s
            self._has_timer = False
        # In a context of its own: the lines are ours, and belong to no request.
        Context().run(self._tell, [each for each in repetitions.values() if each.suppressed])

    def _tell(self, repetitions: list[_Repetition]) -> None:
        for each in repetitions:
            log.log(
                each.level,
                _TOLD,
                message=f"{each.suppressed:,} more lines {each.event} in {self._window_s:g} s",
                of=each.event,
                lines=each.suppressed,
                examples=each.examples,
                **each.reasons,
            )

    def _find(self, key: Hashable, event: str, level: int, facts: Mapping[str, Any]) -> _Repetition:
        try:
            repetition = self._repetitions.get(key)
        except TypeError:  # a reason that is a list, say
            key, repetition = event, self._repetitions.get(event)
        if repetition is not None:
            return repetition
        if len(self._repetitions) < self._max_keys:
            reasons = {name: facts[name] for name in facts if name in _DESCRIPTIVE_KEYS and facts[name] is not None}
        else:
            key, reasons = (event if len(self._repetitions) < 2 * self._max_keys else None), {}
            repetition = self._repetitions.get(key)
        if repetition is None:
            repetition = self._repetitions[key] = _Repetition(
                event if key is not None else "of any kind", level, reasons
            )
        return repetition

    def _start_timer(self, now_s: float) -> None:
        """Have the end of the window told also if no other line comes; without a loop the next line tells it."""
        with suppress(RuntimeError):
            loop = asyncio.get_running_loop()
            self._has_timer = True
            loop.call_later(max(self._ends_s - now_s, 0.0), self._on_timer, self._ends_s, context=Context())

    def _on_timer(self, ends_s: float) -> None:
        if ends_s == self._ends_s:
            self.tell()


REPEATED_LINES: Final = RepeatedLines()
"""Of this process, which has one log."""


def build_processor(lines: RepeatedLines) -> Processor:
    """Build the processor of structlog that drops a line which repeats too many others."""

    def gather(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        name = str(event["event"])
        if name != _TOLD and not lines.admit(name, _LEVELS.get(method, logging.ERROR), event):
            raise structlog.DropEvent
        return event

    return gather


def build_filter(lines: RepeatedLines) -> Callable[[logging.LogRecord], bool]:
    """Build the filter that does the same for the lines of libraries."""

    def is_admitted(record: logging.LogRecord) -> bool:
        text = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        event = f"{record.name}: {_generalize(text)}"
        return lines.admit(event, record.levelno, {"exc_info": record.exc_info, "text": text})

    return is_admitted


def _describe_error(facts: Mapping[str, Any]) -> str:
    """Describe what failed in a way that is the same for all that it happens to."""
    exception = facts.get("exc_info")
    if exception is True:
        exception = sys.exc_info()[1]
    elif isinstance(exception, tuple):
        exception = exception[1]
    text = facts.get("error", "")
    if isinstance(exception, BaseException):
        text = f"{type(exception).__name__}: {text} {exception}"
    return _generalize(text if isinstance(text, str) else repr(text))


def _generalize(text: str) -> str:
    return _PARTICULAR.sub("#", text[:_MAX_TEXT_CHARS])


def _shorten(facts: Mapping[str, Any]) -> dict[str, object]:
    """Return what a line says of its subject: ids, names and sentences, and nothing that is said of all of them."""
    return {
        name: value[:_MAX_TEXT_CHARS] if isinstance(value, str) else value
        for name, value in facts.items()
        if name != "event" and name not in _DESCRIPTIVE_KEYS and isinstance(value, str | int | float)
    }
