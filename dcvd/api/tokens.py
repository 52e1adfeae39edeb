"""`/api/tokens`: an organization's API tokens."""

from typing import Final

from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType

from dcvd.api.http.documentation import problems
from dcvd.api.http.parameters import Cursor, Instant, Limit, format_instant, parse_instant, parse_page_limit
from dcvd.api.http.request import ApiRequest
from dcvd.core.instants import to_rfc3339
from dcvd.core.tokens import Role, Token
from dcvd.services import tokens
from dcvd.services.tokens import MintedToken, TokenUsage
from dcvd.store.engine.paging import Page


class NewToken(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A token to be minted; without `expiresAt` it lives until it is revoked."""

    name: str
    role: Role = Role.MEMBER
    expires_at: Instant | None = None


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


@post("", summary="Mint a token", status_code=201, responses=problems(400, 403, 413, 415))
async def mint_token(request: ApiRequest, data: JSONBody[NewToken]) -> Response[TokenAnswer]:
    """Mint a token. Its plain text is in this answer and never again. Nobody mints a role above their own."""
    minted = await tokens.create(
        request.context,
        request.org_id,
        name=data.name,
        role=data.role,
        expires_at=parse_instant("expiresAt", data.expires_at),
        minter_role=request.auth.role,
    )
    return Response(minted_token_answer(minted), headers={"Location": f"/api/tokens/{minted.token.id}"})


@get("", summary="List the tokens", responses=problems(400))
async def list_tokens(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> TokenList:
    """List the organization's tokens, newest first and without their plain text."""
    page = await tokens.list_page(request.context, request.org_id, cursor=cursor, limit=parse_page_limit(limit))
    return token_list(page, request.services.token_usage)


@delete("/{token_id:str}", summary="Revoke a token", responses=problems(403, 404))
async def revoke_token(request: ApiRequest, token_id: FromPath[str]) -> None:
    """Revoke a token, which stops working at once; a token may revoke itself."""
    await tokens.revoke(request.context, request.org_id, token_id)


def minted_token_answer(minted: MintedToken) -> TokenAnswer:
    """Show a new token, with its plain text."""
    return TokenAnswer(_token_view(minted.token, minted.token.last_used_at, minted.plaintext.reveal()))


def token_list(page: Page[Token], token_usage: TokenUsage) -> TokenList:
    """Show a page of tokens, without any plain text."""
    return TokenList(
        tokens=[_token_view(row, token_usage.read_last_used_at(row)) for row in page.items],
        next_cursor=page.next_cursor,
    )


def _token_view(token: Token, last_used_at: int | None, plain: str | UnsetType = UNSET) -> TokenView:
    return TokenView(
        id=token.id,
        org_id=token.org_id,
        name=token.name,
        role=token.role,
        token=plain,
        created_at=to_rfc3339(token.created_at),
        expires_at=format_instant(token.expires_at),
        last_used_at=format_instant(last_used_at),
    )


ROUTER: Final = Router("/tokens", route_handlers=[mint_token, list_tokens, revoke_token], tags=["Tokens"])
