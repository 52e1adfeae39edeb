"""Revoke tokens, which ends what their bearers have under way."""

from collections.abc import Collection

from dcvd.core.audit import AuditAction
from dcvd.core.callers import CallerKind
from dcvd.core.tokens.token import Token, has_rank
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.links import revocation as link_revocation
from dcvd.services.links import rules as link_rules
from dcvd.services.rights_changes import announce_change
from dcvd.services.tokens import descent
from dcvd.services.tokens.rights import check_rank, check_visible, describe_token, is_visible
from dcvd.store import links
from dcvd.store.engine.transactions import Transaction
from dcvd.store.tokens import tokens


async def revoke(context: Context, org_id: str, token_id: str, *, with_descendants: bool = False) -> None:
    """Revoke a token, which stops working at once, also in requests that are under way.

    with_descendants: also revoke the tokens that it minted, those that they minted, and so on, and the links that any
    of them made. Otherwise all of these live on, below the token that minted this one.

    Raises NotFound, Forbidden for a token of a higher role than the caller's.
    """

    def unit(tx: Transaction) -> None:
        token = check_visible(context.caller, tokens.get(tx, token_id), org_id, token_id)
        revoked = [token, *(descent.list_descendants(tx, token) if with_descendants else ())]
        for each in revoked:
            check_rank(context.caller, each)
        if with_descendants:
            link_revocation.end(context, tx, descent.list_links(tx, revoked))
        else:
            descent.bequeath(tx, token_id)
        _end(context, tx, revoked)

    await context.database.write(unit)


async def revoke_all(context: Context, org_id: str, *, keep_own: bool) -> int:
    """Revoke all tokens of an organization that the caller may revoke, and all its links; return how many tokens.

    keep_own: all but the one with which the caller came, and the links that it made.
    """
    caller = context.caller
    kept_id = caller.id if keep_own and caller.kind is CallerKind.TOKEN else None

    def may_end(token: Token) -> bool:
        return token.id != kept_id and has_rank(caller.role, token.role) and is_visible(caller, token)

    def unit(tx: Transaction) -> int:
        live_links = links.list_live_of_org(tx, org_id, context.now())
        link_revocation.end(
            context,
            tx,
            [
                link
                for link in live_links
                if (kept_id is None or link.minted_by != kept_id) and link_rules.is_visible(context, tx, link)
            ],
        )
        revoked = [token for token in tokens.list_all_of_org(tx, org_id) if may_end(token)]
        for token in revoked:
            descent.bequeath(tx, token.id)
        _end(context, tx, revoked)
        return len(revoked)

    return await context.database.write(unit)


def _end(context: Context, tx: Transaction, revoked: Collection[Token]) -> None:
    tokens.delete_all(tx, [token.id for token in revoked])
    for token in revoked:
        announce_change(context, tx, token.id)
        audit.record(context, tx, token.org_id, AuditAction.TOKEN_REVOKED, token.id, before=describe_token(token))
