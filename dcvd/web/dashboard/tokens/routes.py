"""`/dashboard/tokens`: the tokens of the organization."""

from http import HTTPStatus
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from msgspec import UNSET

from dcvd.core.instants import HOUR, SECOND
from dcvd.core.tokens.token import has_rank, is_expired
from dcvd.errors import InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.tokens import changes, minting, queries, revocation
from dcvd.services.tokens.changes import MAX_GRACE_MS, TokenChanges
from dcvd.services.tokens.rights import may_take_over
from dcvd.services.tokens.usage import RETENTION_DAYS
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.web.dashboard.navigation import MEMBERS, TOKENS
from dcvd.web.dashboard.tokens import sessions
from dcvd.web.dashboard.tokens.form import FIELDS, build_form, read_token
from dcvd.web.dashboard.tokens.usage import build_usage
from dcvd.web.dashboard.typed import Faults, format_last_day, place_fault, read_last_day
from dcvd.web.dashboard.visit import Visit, open_visit

_GRACES: Final = (
    (HOUR // SECOND, "tokens_grace_hour"),
    (24 * HOUR // SECOND, "tokens_grace_day"),
    (MAX_GRACE_MS // SECOND, "tokens_grace_week"),
    (0, "tokens_grace_none"),
)
"""For how many seconds the earlier secret works after a rotation, with what the choice is called."""


@get("/")
async def list_tokens(request: ApiRequest) -> Template:
    """List the organization's tokens, newest first."""
    visit = await open_visit(request)
    page = await request.services.token_usage.list_page(
        request.context, request.org_id, cursor=request.query_params.get("cursor"), limit=DEFAULT_LIMIT
    )
    now = request.context.now()
    return visit.show(
        "tokens/list",
        {
            "tokens": [(token, is_expired(token.expires_at, now)) for token in page.items],
            "next_url": visit.link_next(page.next_cursor),
        },
    )


@get("/new")
async def show_form(request: ApiRequest) -> Template:
    """Ask what a new token may do."""
    visit = await open_visit(request)
    return await _ask(visit, {"role": "member", "memberId": request.query_params.get("member", "")}, {})


@post("/", status_code=200)
async def create_token(request: ApiRequest) -> Template:
    """Mint a token, and show its plain text in this answer and never again."""
    visit, form = await open_visit(request), await read_form(request)
    try:
        typed = read_token(form)
        minted = await minting.create(
            request.context,
            request.org_id,
            name=typed.name,
            role=typed.role,
            expires_at=typed.expires_at,
            limits=typed.limits,
            member_id=typed.member_id,
        )
    except InvalidInput as error:
        return await _ask(visit, form, place_fault(error, FIELDS))
    return visit.show("tokens/secret", {"minted": minted.token, "plaintext": minted.plaintext.reveal()})


@get("/{token_id:str}")
async def show_token(request: ApiRequest, token_id: FromPath[str]) -> Template:
    """Show a token and how it is used."""
    return await _show(await open_visit(request), token_id)


@post("/{token_id:str}", status_code=200)
async def change_token(request: ApiRequest, token_id: FromPath[str]) -> Response[Any] | Template:
    """Change a token's name or last day; a day that is as it was shown leaves the expiry, whatever its hour."""
    visit, form = await open_visit(request), await read_form(request)
    try:
        typed_day = read_last_day(form, "expiresAt")
        is_same_day = form.get("expiresAt", "").strip() == form.get("shownDay", "")
        expires_at = UNSET if is_same_day else typed_day
        wanted = TokenChanges(name=form.get("name", UNSET), expires_at=expires_at)
        await changes.change(request.context, request.org_id, token_id, wanted)
    except InvalidInput as error:
        return await _show(visit, token_id, form, place_fault(error, ("name", "expiresAt")))
    return visit.go_to(f"/tokens/{token_id}", done="done_token_changed")


@post("/{token_id:str}/rotate", status_code=200)
async def rotate_token(request: ApiRequest, token_id: FromPath[str]) -> Template:
    """Make a new plain text, and show it in this answer and never again."""
    visit, form = await open_visit(request), await read_form(request)
    graces = {str(seconds): seconds for seconds, _ in _GRACES}
    chosen = graces.get(form.get("grace", ""), HOUR // SECOND)
    minted = await changes.rotate(request.context, request.org_id, token_id, grace_ms=chosen * SECOND)
    return visit.show("tokens/secret", {"minted": minted.token, "plaintext": minted.plaintext.reveal()})


@post("/{token_id:str}/revoke", status_code=200)
async def revoke_token(request: ApiRequest, token_id: FromPath[str]) -> Response[Any]:
    """Revoke a token, and what it made where that is asked for."""
    visit, form = await open_visit(request), await read_form(request)
    await revocation.revoke(request.context, request.org_id, token_id, with_descendants="descendants" in form)
    return visit.go_to("/tokens", done="done_token_revoked")


@post("/revoke-all", status_code=200)
async def revoke_all_tokens(request: ApiRequest) -> Response[Any]:
    """Revoke all tokens that the caller may revoke, but the one with which they are signed in."""
    visit, form = await open_visit(request), await read_form(request)
    await revocation.revoke_all(request.context, request.org_id, keep_own="own" not in form)
    return visit.go_to("/tokens", done="done_tokens_revoked")


async def _ask(visit: Visit, typed: dict[str, str], faults: Faults) -> Template:
    return visit.show("tokens/new", await build_form(visit, typed, faults), status=_status_of(faults))


async def _show(
    visit: Visit, token_id: str, typed: dict[str, str] | None = None, faults: Faults | None = None
) -> Template:
    request = visit.request
    report = await request.services.token_usage.report(request.context, request.org_id, token_id)
    token, now = report.token, request.context.now()
    may_write = visit.may(TOKENS, "POST")
    minters = {token.minted_by} if token.minted_by is not None else set()
    last_day = format_last_day(token.expires_at)
    return visit.show(
        "tokens/token",
        {
            "shown": token,
            "is_own": token.id == request.auth.id,
            "minters": await queries.find_names(request.context, request.org_id, minters) if minters else {},
            "sees_members": visit.may(MEMBERS),
            "is_expired": is_expired(token.expires_at, now),
            "has_previous": token.previous_expires_at is not None and token.previous_expires_at > now,
            "usage": build_usage(report.counts, now),
            "retention_days": RETENTION_DAYS,
            "may_change": may_write and may_take_over(request.auth, token),
            "may_revoke": may_write and has_rank(request.auth.role, token.role),
            "typed": typed or {"name": token.name, "expiresAt": last_day},
            "shown_day": last_day,
            "faults": faults or {},
            "graces": _GRACES,
        },
        status=_status_of(faults),
    )


def _status_of(faults: Faults | None) -> HTTPStatus:
    return HTTPStatus.BAD_REQUEST if faults else HTTPStatus.OK


ROUTERS: Final[tuple[Router, ...]] = (
    Router(
        "/tokens",
        route_handlers=[
            list_tokens,
            show_form,
            create_token,
            show_token,
            change_token,
            rotate_token,
            revoke_token,
            revoke_all_tokens,
            *sessions.HANDLERS,
        ],
        opt=TOKENS,
    ),
)
