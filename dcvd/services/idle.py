"""How long a loop may sleep until something of its kind is due."""

from collections.abc import Callable
from typing import Final

from dcvd.services.context import Context
from dcvd.store.database import Snapshot

_LONGEST: Final = 1.0
"""Seconds; short, because a step of the system's clock can make something due that nobody announces."""


async def seconds_until_due(context: Context, next_due_at: Callable[[Snapshot, int], int | None]) -> float:
    """Until the instant that `next_due_at(snapshot, now)` names, and never longer than a moment."""
    now = context.now()
    due = await context.database.read(lambda snapshot: next_due_at(snapshot, now))
    return _LONGEST if due is None else min((due - now) / 1000, _LONGEST)
