"""Tokens as JSON."""

from msgspec import UNSET, Struct, UnsetType

from dcvd.api.http.instants import Instant
from dcvd.core.instants import format_instant, to_rfc3339
from dcvd.core.tokens import Role, Token
from dcvd.services.tokens import MintedToken
from dcvd.store.engine.paging import Page


class TokenView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A token. `token` is its plain text, which is only in the answer that minted it."""

    id: str
    org_id: str
    name: str
    role: Role
    token: str | UnsetType = UNSET
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None


class TokenAnswer(Struct, frozen=True):
    token: TokenView


class TokenList(Struct, frozen=True, kw_only=True, rename="camel"):
    tokens: list[TokenView]
    next_cursor: str | None


def minted_token_answer(minted: MintedToken) -> TokenAnswer:
    """Show a new token, with its plain text."""
    return TokenAnswer(_token_view(minted.token, minted.plaintext.reveal()))


def token_list(page: Page[Token]) -> TokenList:
    """Show a page of tokens, without any plain text."""
    return TokenList(
        tokens=[_token_view(row) for row in page.items],
        next_cursor=page.next_cursor,
    )


def _token_view(token: Token, plain: str | UnsetType = UNSET) -> TokenView:
    return TokenView(
        id=token.id,
        org_id=token.org_id,
        name=token.name,
        role=token.role,
        token=plain,
        created_at=to_rfc3339(token.created_at),
        expires_at=format_instant(token.expires_at),
        last_used_at=format_instant(token.last_used_at),
    )
