"""`/api/tokens`: an organization's API tokens."""

from collections.abc import Awaitable
from typing import Annotated, Final

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from dcvd.api.tokens.input import NewToken, TokenChange, TokenRevocation, TokenRotation
from dcvd.api.tokens.view import (
    CallerAnswer,
    RevokedTokens,
    TokenAnswer,
    TokenList,
    UsageAnswer,
    caller_answer,
    minted_token_answer,
    token_list,
    token_view,
    usage_answer,
)
from dcvd.http.documentation import BodyMayBeEmpty, problems
from dcvd.http.etag import ETAG_HEADER, IF_MATCH, InjectedPrecondition
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.parameters import Cursor, Limit, parse_flag, parse_page_limit, query_parameter
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.context import Context
from dcvd.services.tokens import changes, minting, revocation
from dcvd.services.tokens.minting import MintedToken

Descendants = Annotated[
    str | None,
    query_parameter(
        "descendants",
        "`true`: also revoke the tokens that it minted, those that they minted, and so on.",
        type="boolean",
    ),
]
_DEFAULT_ROTATION: Final = TokenRotation()
_DEFAULT_REVOCATION: Final = TokenRevocation()


@post("", summary="Mint a token", status_code=201)
async def create_token(
    request: ApiRequest, data: JSONBody[NewToken], key: IdempotencyKey = None
) -> Response[TokenAnswer]:
    """Mint a token. Its plain text is in this answer and never again. It may do no more than its minter."""
    expires_at = data.read_expiry()

    def mint(context: Context) -> Awaitable[MintedToken]:
        return minting.create(
            context,
            request.org_id,
            name=data.name,
            role=data.role,
            expires_at=expires_at,
            limits=data.limits,
            member_id=data.member_id,
        )

    def respond(minted: MintedToken) -> Response[TokenAnswer]:
        headers = {"Location": f"{request.root}/tokens/{minted.token.id}", ETAG_HEADER: minted.token.entity_tag}
        return Response(minted_token_answer(minted), headers=headers)

    return await answer_once(request, key, mint, respond)


@get("", summary="List the tokens")
async def list_tokens(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> TokenList:
    """List the organization's tokens, newest first and without their plain text."""
    usage = request.services.token_usage
    page = await usage.list_page(request.context, request.org_id, cursor=cursor, limit=parse_page_limit(limit))
    return token_list(page)


@get("/{token_id:str}", summary="Show a token")
async def get_token(request: ApiRequest, token_id: FromPath[str]) -> Response[TokenAnswer]:
    """Show a token, without its plain text. Its last use may differ under the same `ETag`."""
    token = await request.services.token_usage.get(request.context, request.org_id, token_id)
    return Response(TokenAnswer(token_view(token)), headers={ETAG_HEADER: token.entity_tag})


@patch("/{token_id:str}", summary="Change a token", dependencies=IF_MATCH, responses=problems(412))
async def update_token(
    request: ApiRequest, token_id: FromPath[str], data: JSONBody[TokenChange], precondition: InjectedPrecondition
) -> Response[TokenAnswer]:
    """Change a token's name or expiry. Its rights never change: mint another one."""
    token = await changes.change(request.context, request.org_id, token_id, data.read(), precondition=precondition)
    view = token_view(request.services.token_usage.update(token))
    return Response(TokenAnswer(view), headers={ETAG_HEADER: token.entity_tag})


@post(
    "/{token_id:str}/rotate",
    summary="Rotate a token",
    status_code=200,
    operation_class=BodyMayBeEmpty,
)
async def rotate_token(
    request: ApiRequest,
    token_id: FromPath[str],
    data: JSONBody[TokenRotation] = _DEFAULT_ROTATION,
    key: IdempotencyKey = None,
) -> Response[TokenAnswer]:
    """Make a new plain text, which is in this answer and never again; the token keeps its id and its rights.

    Both work for a while, so that a system can be told the new one; by the earlier one the token is not rotated again.
    A token that may write may rotate itself.
    """
    grace_ms = data.read_grace_ms()

    def rotate(context: Context) -> Awaitable[MintedToken]:
        return changes.rotate(context, request.org_id, token_id, grace_ms=grace_ms)

    return await answer_once(request, key, rotate, lambda minted: Response(minted_token_answer(minted)))


@delete("/{token_id:str}", summary="Revoke a token")
async def revoke_token(request: ApiRequest, token_id: FromPath[str], descendants: Descendants = None) -> None:
    """Revoke a token, which stops working at once, also in requests that are under way.

    A token that may write may revoke itself, and none whose role is above its own.
    """
    with_descendants = parse_flag("descendants", descendants)
    await revocation.revoke(request.context, request.org_id, token_id, with_descendants=with_descendants)


@post(
    "/revoke-all",
    summary="Revoke all tokens",
    status_code=200,
    operation_class=BodyMayBeEmpty,
)
async def revoke_all_tokens(
    request: ApiRequest, data: JSONBody[TokenRevocation] = _DEFAULT_REVOCATION
) -> RevokedTokens:
    """Revoke all tokens whose role is not above the caller's, for the day on which one of them has leaked."""
    count = await revocation.revoke_all(request.context, request.org_id, keep_own=data.keep_this)
    return RevokedTokens(count)


@get("/{token_id:str}/usage", summary="Show how a token is used")
async def get_token_usage(request: ApiRequest, token_id: FromPath[str]) -> UsageAnswer:
    """Show when and from where a token was last used, and its requests by day and operation."""
    return usage_answer(await request.services.token_usage.report(request.context, request.org_id, token_id))


@get("/whoami", summary="Show who calls", opt={"subject": None, "link": True})
async def get_caller(request: ApiRequest) -> CallerAnswer:
    """Show which token or link calls, for which organization, and what it may do."""
    return caller_answer(request.auth, request.org_id)


ROUTER: Final = Router(
    "/",
    route_handlers=[
        Router(
            "/tokens",
            route_handlers=[
                create_token,
                list_tokens,
                get_token,
                update_token,
                rotate_token,
                revoke_token,
                revoke_all_tokens,
                get_token_usage,
            ],
        ),
        get_caller,
    ],
    opt={"subject": "tokens", "limited": True},
    tags=["Tokens"],
)
