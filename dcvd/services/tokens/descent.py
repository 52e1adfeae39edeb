"""What a token made: tokens and links, which end with it or go on below the token that had minted it."""

from dcvd.core.links import Link
from dcvd.core.tokens.token import Token
from dcvd.store import links
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.tokens import tokens


def bequeath(tx: Transaction, token_id: str) -> None:
    """Put what a token made below the one that had minted it, because that one token ends alone."""
    token = tokens.get(tx, token_id)
    heir_id = None if token is None else token.minted_by
    tokens.bequeath(tx, token_id, heir_id)
    links.bequeath(tx, token_id, heir_id)


def list_descendants(snapshot: Snapshot, token: Token) -> list[Token]:
    """List the tokens that a token minted, those that they minted, and so on."""
    descendants: list[Token] = []
    generation = [token]
    while generation:
        generation = tokens.list_minted_by(snapshot, [each.id for each in generation])
        descendants += generation
    return descendants


def list_links(snapshot: Snapshot, minters: list[Token]) -> list[Link]:
    """List the links that any of these tokens made."""
    return links.list_minted_by(snapshot, [token.id for token in minters])
