"""The removal of sessions that have ended by themselves."""

from typing import Final

from dcvd.core.instants import HOUR
from dcvd.services.context import Context
from dcvd.services.sessions.rules import end
from dcvd.store import sessions
from dcvd.store.engine.transactions import Transaction

_KEPT_MS: Final = HOUR
"""So long an ended session stays: one whose last use is not stored yet is in force after all."""


def remove_ended(context: Context, tx: Transaction, now: int, limit: int) -> int:
    """Remove sessions that have ended for a while; return how many."""
    ended = sessions.list_ended(tx, now - _KEPT_MS, now - context.config.web.session_idle - _KEPT_MS, limit)
    end(context, tx, ended)
    return len(ended)
