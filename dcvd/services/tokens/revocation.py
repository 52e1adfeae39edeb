"""Revoke tokens, which ends what their bearers have under way."""

from collections.abc import Collection

from dcvd.core.audit import AuditAction
from dcvd.core.callers import CallerKind
from dcvd.core.tokens.token import Token, has_rank
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.tokens.rights import check_rank, check_visible, describe_token, is_visible
from dcvd.store.engine.database import Topic, Transaction
from dcvd.store.tokens import tokens


async def revoke(context: Context, org_id: str, token_id: str, *, with_descendants: bool = False) -> None:
    """Revoke a token, which stops working at once, also in requests that are under way.

    with_descendants: also revoke the tokens that it minted, those that they minted, and so on. Otherwise they live on,
    below the token that minted this one.

    Raises NotFound, Forbidden for a token of a higher role than the caller's.
    """

    def unit(tx: Transaction) -> None:
        token = check_visible(context.caller, tokens.get(tx, token_id), org_id, token_id)
        revoked = [token, *(_list_descendants(tx, token) if with_descendants else ())]
        for each in revoked:
            check_rank(context.caller, each)
        if not with_descendants:
            tokens.bequeath(tx, token_id)
        _end(context, tx, revoked)

    await context.database.write(unit)


async def revoke_all(context: Context, org_id: str, *, keep_own: bool) -> int:
    """Revoke all tokens of an organization that the caller may revoke; return how many.

    keep_own: all but the one with which the caller came.
    """
    caller = context.caller

    def may_end(token: Token) -> bool:
        is_kept = keep_own and caller.kind is CallerKind.TOKEN and token.id == caller.id
        return not is_kept and has_rank(caller.role, token.role) and is_visible(caller, token)

    def unit(tx: Transaction) -> int:
        revoked = [token for token in tokens.list_all_of_org(tx, org_id) if may_end(token)]
        for token in revoked:
            tokens.bequeath(tx, token.id)
        _end(context, tx, revoked)
        return len(revoked)

    return await context.database.write(unit)


def announce_change(context: Context, tx: Transaction, token_id: str) -> None:
    """Announce that a token's rights change with this transaction, and which request changes them."""
    tx.announce(Topic.RIGHTS, f"{token_id} {context.caller.request_id or ''}")


def parse_announcement(key: str) -> tuple[str, str | None]:
    """Return the id of the token whose rights changed, and that of the request that changed them, if one did."""
    token_id, _, request_id = key.partition(" ")
    return token_id, request_id or None


def _end(context: Context, tx: Transaction, revoked: Collection[Token]) -> None:
    tokens.delete_all(tx, [token.id for token in revoked])
    for token in revoked:
        announce_change(context, tx, token.id)
        audit.record(context, tx, token.org_id, AuditAction.TOKEN_REVOKED, token.id, before=describe_token(token))


def _list_descendants(tx: Transaction, token: Token) -> list[Token]:
    descendants: list[Token] = []
    generation = [token]
    while generation:
        generation = tokens.list_minted_by(tx, [each.id for each in generation])
        descendants += generation
    return descendants
