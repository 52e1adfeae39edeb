"""The end of expired tokens, which are kept for a while, so that their owner can still see them."""

from collections.abc import Sequence
from typing import Final

from dcvd.core.audit import AuditAction
from dcvd.core.callers import DAEMON
from dcvd.core.tokens.token import Token
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.tokens import descent
from dcvd.services.tokens.rights import describe_token
from dcvd.store.engine.transactions import Transaction
from dcvd.store.tokens import tokens

MAX_EXPIRED: Final = 200
"""How many expired tokens of an organization are kept until their retention ends."""
_MAX_AT_ONCE: Final = 50
"""How many of them a transaction removes that does something else."""


def remove_expired(context: Context, tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove tokens that expired before an instant; return how many. What they made stays."""
    expired = tokens.list_expired(tx, cutoff_at, limit)
    _remove_tokens(context, tx, expired)
    return len(expired)


def remove_excess(context: Context, tx: Transaction, org_id: str) -> None:
    """Remove the expired tokens of an organization that are more than are kept; the latest stay.

    The quota does not count them: else whoever mints tokens that end at once would make work without bounds, such as
    that of revoking them all.
    """
    now = context.confirmed_now()
    if now is None:
        return
    excess = tokens.list_expired_of_org(tx, org_id, now, beyond=MAX_EXPIRED, limit=_MAX_AT_ONCE)
    if excess:
        _remove_tokens(context.for_caller(DAEMON), tx, excess)


def _remove_tokens(context: Context, tx: Transaction, expired: Sequence[Token]) -> None:
    for token in expired:
        descent.bequeath(tx, token.id)
        audit.record(context, tx, token.org_id, AuditAction.TOKEN_EXPIRED, token.id, before=describe_token(token))
    tokens.delete_all(tx, [token.id for token in expired])
