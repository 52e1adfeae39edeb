"""Tells the service manager that the daemon lives: that its loop turns, and that its parts get on with their work."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from dcvd.kit.notify import Notifier
from dcvd.store.engine.writer_state import WriterState

log = structlog.get_logger(__name__)

_LONGEST_STALL_S: Final = 60.0
"""Seconds for which a part may do nothing: what is slow answers sooner, and a restart would not make it quick."""


class MovingPart(Protocol):
    """A part that has to get on with its work."""

    name: str

    def measure_stall_s(self) -> float:
        """Return for how many seconds work has waited while none was done; 0 where none waits."""
        ...


class WriterMovement:
    """The database's writer. One that refuses, because the disk is full, moves; what nobody asks for is no stall.

    The watch over the store writes once a minute where nobody else does.
    """

    name = "writer"

    def __init__(self, writer_state: WriterState) -> None:
        self._writer_state = writer_state

    def measure_stall_s(self) -> float:
        """Return for how many seconds the writer has been at its present group of units; 0 where it has none."""
        return self._writer_state.measure_stall()


async def feed_watchdog(
    notifier: Notifier, interval_s: float, parts: Sequence[MovingPart], *, longest_stall_s: float = _LONGEST_STALL_S
) -> None:
    """Report every `interval_s` seconds that the daemon lives, as long as every part gets on with its work.

    What is slow once ends nothing: a part may stall for `longest_stall_s`, and the service manager decides for how long
    the daemon may stay silent after that.
    """
    while True:
        stalls = [(part.name, stall_s) for part in parts if (stall_s := part.measure_stall_s()) > longest_stall_s]
        if not stalls:
            notifier.notify_watchdog()
        for name, stall_s in stalls:
            log.warning("daemon.watchdog_not_fed", part=name, stalled_s=round(stall_s))
        await asyncio.sleep(interval_s)
