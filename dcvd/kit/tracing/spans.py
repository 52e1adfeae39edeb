"""Spans, and what takes them: nothing, unless the operator has set up a collector.

Attributes name things by their ids. Names of customers and their domains, URLs and texts of errors do not belong there:
traces are kept elsewhere, by others, and for other times.
"""

import asyncio
import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Literal, Protocol

SpanKind = Literal["internal", "server", "client"]
AttributeValue = str | int | float | bool


class Span(Protocol):
    """A piece of work, from the beginning of its `with` block to the end. None of its methods raises."""

    def __enter__(self) -> "Span": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def rename(self, name: str, /) -> None:
        """Give it the name that was not known at its beginning."""

    def set(self, name: str, value: AttributeValue | None, /) -> None:
        """Set an attribute; None sets none."""

    def fail(self, kind: str, /) -> None:
        """Say that it failed, and by what sort of failure."""

    def link(self, traceparent: str, /) -> None:
        """Say that it belongs to a span of somebody else's, given as W3C's Trace Context has it."""


class SpanRecorder(Protocol):
    """Takes spans, and sends them to a collector in a thread of its own."""

    def start(self, name: str, kind: SpanKind) -> Span:
        """Begin a span, below the one that is open in this context."""

    def close(self) -> None:
        """Send what has been taken, and end. This may block for long."""

    def give_up(self) -> None:
        """Drop what a call of `close` still wants to send; that call ends."""


class _NoSpan:
    """Stands for every span while nobody wants them."""

    __slots__ = ()

    def __enter__(self) -> Span:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        return None

    def rename(self, name: str, /) -> None:
        """Do nothing, as all the others do."""

    def set(self, name: str, value: AttributeValue | None, /) -> None: ...

    def fail(self, kind: str, /) -> None: ...

    def link(self, traceparent: str, /) -> None: ...


_NO_SPAN: Final = _NoSpan()


class Tracing:
    """Where spans go."""

    def __init__(self) -> None:
        self._recorder: SpanRecorder | None = None

    @property
    def is_on(self) -> bool:
        """Whether anybody wants spans."""
        return self._recorder is not None

    def span(self, name: str, kind: SpanKind = "internal") -> Span:
        """Begin a span, to be used in a `with` block at once. Its name is one of few, and says nothing of a subject."""
        recorder = self._recorder
        return _NO_SPAN if recorder is None else recorder.start(name, kind)

    def start(self, recorder: SpanRecorder) -> None:
        """Give all spans to a recorder from now on."""
        self._recorder = recorder

    async def stop(self, timeout_s: float) -> bool:
        """Take no more spans, and send those that were taken, for `timeout_s` seconds; return whether all of it ended.

        A collector that is dead holds up nobody for longer.
        """
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return True
        loop = asyncio.get_running_loop()
        is_closed: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not is_closed.done():
                is_closed.set_result(None)

        def close() -> None:
            try:
                recorder.close()
            finally:
                with suppress(RuntimeError):  # The loop has ended meanwhile, and with it whoever waited.
                    loop.call_soon_threadsafe(settle)

        # A thread of a pool would be waited for at the end of the process.
        threading.Thread(target=close, name="tracing-close", daemon=True).start()
        try:
            async with asyncio.timeout(timeout_s):
                await is_closed
        except TimeoutError:
            recorder.give_up()
            return False
        return True


TRACING: Final = Tracing()
"""Of this process, as its log is: whoever does something says so here, and need not know whether anybody listens."""
