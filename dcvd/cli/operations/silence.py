"""Tells a daemon that hangs from one that works on a long answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from msgspec import Struct

_A = TypeVar("_A")


class Patience(Struct, frozen=True):
    """How long an answer may take before the daemon is asked whether it lives, and how long it may take to say so.

    Both in seconds. What is asked then needs nothing but a turn of the daemon's event loop: under a load where answers
    take a second, it comes in a fraction of what is left.
    """

    answer_s: float
    life_s: float

    @property
    def total_s(self) -> float:
        """How long a daemon is silent that is found to hang."""
        return self.answer_s + self.life_s


_LAST_CHANCE_S: Final = 0.25
"""For what came while this process itself could not run, such as in a machine that slept: it is there, and not read."""
USUAL_PATIENCE: Final = Patience(2.0, 3.0)


async def await_unless_silent(
    answer: Coroutine[Any, Any, _A], show_life: Callable[[], Awaitable[object]], patience: Patience
) -> _A:
    """Await an answer as long as it takes, but raise TimeoutError where there is no other sign of life either.

    `show_life`: returns, or fails, as soon as it is known that the daemon does not hang.
    """
    answering = asyncio.ensure_future(answer)
    showing: asyncio.Future[object] | None = None
    try:
        await asyncio.wait({answering}, timeout=patience.answer_s)
        if not answering.done():
            showing = asyncio.ensure_future(show_life())
            for timeout_s in (patience.life_s, _LAST_CHANCE_S):
                done, _ = await asyncio.wait(
                    {answering, showing}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
                )
                if done:
                    break
            else:
                raise TimeoutError
        return await answering
    finally:
        left = [task for task in (answering, showing) if task is not None]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
