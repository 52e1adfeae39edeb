"""Tokens as JSON."""

from msgspec import UNSET, Struct, UnsetType

from dcvd.api.http.instants import Instant
from dcvd.api.http.views import build_view
from dcvd.core.tokens import Role, Token
from dcvd.services.tokens.minting import MintedToken
from dcvd.store.engine.paging import Page


class TokenView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A token. `token` is its plain text, which is only in the answer that minted it.

    `mintedBy`: the id of the token that minted it; null where none did.
    """

    id: str
    org_id: str
    name: str
    role: Role
    token: str | UnsetType = UNSET
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    minted_by: str | None
    member_id: str | None


class TokenAnswer(Struct, frozen=True):
    token: TokenView


class TokenList(Struct, frozen=True, kw_only=True, rename="camel"):
    tokens: list[TokenView]
    next_cursor: str | None


def minted_token_answer(minted: MintedToken) -> TokenAnswer:
    """Show a new token, with its plain text."""
    return TokenAnswer(build_view(TokenView, minted.token, token=minted.plaintext.reveal()))


def token_list(page: Page[Token]) -> TokenList:
    """Show a page of tokens, without any plain text."""
    return TokenList(tokens=[build_view(TokenView, token) for token in page.items], next_cursor=page.next_cursor)
