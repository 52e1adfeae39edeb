"""`/api/tokens`: an organization's API tokens."""

from typing import Final

from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.http.documentation import problems
from dcvd.api.http.instants import Instant, parse_instant
from dcvd.api.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.api.http.request import ApiRequest
from dcvd.api.tokens.view import TokenAnswer, TokenList, minted_token_answer, token_list
from dcvd.core.tokens import Role
from dcvd.services import tokens


class NewToken(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A token to be minted; without `expiresAt` it lives until it is revoked."""

    name: str
    role: Role = Role.MEMBER
    expires_at: Instant | None = None


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
    usage = request.services.token_usage
    page = await usage.list_page(request.context, request.org_id, cursor=cursor, limit=parse_page_limit(limit))
    return token_list(page)


@delete("/{token_id:str}", summary="Revoke a token", responses=problems(403, 404))
async def revoke_token(request: ApiRequest, token_id: FromPath[str]) -> None:
    """Revoke a token, which stops working at once; a token may revoke itself."""
    await tokens.revoke(request.context, request.org_id, token_id)


ROUTER: Final = Router("/tokens", route_handlers=[mint_token, list_tokens, revoke_token], tags=["Tokens"])
