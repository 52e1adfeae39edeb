"""Revoke tokens, which ends what their bearers have under way."""

from dcvd.core.tokens import Token, has_rank
from dcvd.errors import Forbidden, NotFound
from dcvd.services.context import Context
from dcvd.store import tokens
from dcvd.store.engine.database import Topic, Transaction


async def revoke(context: Context, org_id: str, token_id: str, *, with_descendants: bool = False) -> None:
    """Revoke a token, which stops working at once, also in requests that are under way.

    with_descendants: also revoke the tokens that it minted, those that they minted, and so on. Otherwise they live on,
    below the token that minted this one.

    Raises NotFound, Forbidden for a token of a higher role than the caller's.
    """

    def unit(tx: Transaction) -> None:
        token = tokens.get(tx, token_id)
        if token is None or token.org_id != org_id:
            raise NotFound(f"There is no token {token_id}.")
        revoked = [token, *(_list_descendants(tx, token) if with_descendants else ())]
        for each in revoked:
            _check_rank(context, each)
        if not with_descendants:
            tokens.bequeath(tx, token_id)
        tokens.delete_all(tx, [each.id for each in revoked])
        for each in revoked:
            announce_change(context, tx, each.id)

    await context.database.write(unit)


def announce_change(context: Context, tx: Transaction, token_id: str) -> None:
    """Announce that a token's rights change with this transaction, and which request changes them."""
    tx.announce(Topic.RIGHTS, f"{token_id} {context.caller.request_id or ''}")


def parse_announcement(key: str) -> tuple[str, str | None]:
    """Return the id of the token whose rights changed, and that of the request that changed them, if one did."""
    token_id, _, request_id = key.partition(" ")
    return token_id, request_id or None


def _list_descendants(tx: Transaction, token: Token) -> list[Token]:
    descendants: list[Token] = []
    generation = [token]
    while generation:
        generation = tokens.list_minted_by(tx, [each.id for each in generation])
        descendants += generation
    return descendants


def _check_rank(context: Context, token: Token) -> None:
    role = context.caller.role
    if not has_rank(role, token.role):
        raise Forbidden(
            f"The token {token.id} has the role {token.role.value}; a token with the role {role.value} cannot end it."
        )
