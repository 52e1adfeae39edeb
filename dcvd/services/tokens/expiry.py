"""The end of what has expired: tokens and links are kept for a while, so that their owner can still see them."""

from dcvd.core.audit import AuditAction
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.links.rules import describe_link
from dcvd.services.tokens import descent
from dcvd.services.tokens.rights import describe_token
from dcvd.store import links
from dcvd.store.engine.database import Transaction
from dcvd.store.tokens import tokens


def remove_expired_tokens(context: Context, tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove tokens that expired before an instant; return how many. What they made stays."""
    expired = tokens.list_expired(tx, cutoff_at, limit)
    for token in expired:
        descent.bequeath(tx, token.id)
        audit.record(context, tx, token.org_id, AuditAction.TOKEN_EXPIRED, token.id, before=describe_token(token))
    tokens.delete_all(tx, [token.id for token in expired])
    return len(expired)


def remove_expired_links(context: Context, tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove links that expired before an instant; return how many."""
    expired = links.list_expired(tx, cutoff_at, limit)
    for link in expired:
        audit.record(context, tx, link.org_id, AuditAction.LINK_EXPIRED, link.id, before=describe_link(link))
    links.delete_all(tx, [link.id for link in expired])
    return len(expired)
