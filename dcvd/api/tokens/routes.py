"""`/api/tokens`: an organization's API tokens."""

from typing import Annotated, Final

from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType

from dcvd.api.http.instants import Instant, parse_instant
from dcvd.api.http.parameters import Cursor, Limit, parse_flag, parse_page_limit, query_parameter
from dcvd.api.http.request import ApiRequest
from dcvd.api.tokens.view import TokenAnswer, TokenList, minted_token_answer, token_list
from dcvd.core.tokens import Role
from dcvd.services.tokens import minting, revocation

Descendants = Annotated[
    str | None,
    query_parameter(
        "descendants",
        "`true`: also revoke the tokens that it minted, those that they minted, and so on.",
        type="boolean",
    ),
]


class NewToken(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A token to be minted; without `expiresAt` it lives until it is revoked.

    `memberId`: whose token it is; null for one of the organization itself, which only an owner makes with a token of a
    member. Where it is absent, it belongs to the member whose token mints it.
    """

    name: str
    role: Role = Role.MEMBER
    expires_at: Instant | None = None
    member_id: str | UnsetType | None = UNSET


@post("", summary="Mint a token", status_code=201)
async def create_token(request: ApiRequest, data: JSONBody[NewToken]) -> Response[TokenAnswer]:
    """Mint a token. Its plain text is in this answer and never again. Nobody mints a role above their own."""
    minted = await minting.create(
        request.context,
        request.org_id,
        name=data.name,
        role=data.role,
        expires_at=parse_instant("expiresAt", data.expires_at),
        member_id=data.member_id,
    )
    return Response(minted_token_answer(minted), headers={"Location": f"/api/tokens/{minted.token.id}"})


@get("", summary="List the tokens")
async def list_tokens(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> TokenList:
    """List the organization's tokens, newest first and without their plain text."""
    usage = request.services.token_usage
    page = await usage.list_page(request.context, request.org_id, cursor=cursor, limit=parse_page_limit(limit))
    return token_list(page)


@delete("/{token_id:str}", summary="Revoke a token")
async def revoke_token(request: ApiRequest, token_id: FromPath[str], descendants: Descendants = None) -> None:
    """Revoke a token, which stops working at once, also in requests that are under way.

    A token may revoke itself, and none whose role is above its own.
    """
    with_descendants = parse_flag("descendants", descendants)
    await revocation.revoke(request.context, request.org_id, token_id, with_descendants=with_descendants)


ROUTER: Final = Router("/tokens", route_handlers=[create_token, list_tokens, revoke_token], tags=["Tokens"])
