"""`/dashboard/members`: the people of the organization."""

from http import HTTPStatus
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.members import Member, MemberStatus
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.token import has_rank
from dcvd.errors import Conflict, InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.oauth.openid import name_provider
from dcvd.services.members import changes, invitations, queries
from dcvd.services.members.invitations import Invitation
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.web.dashboard.navigation import MEMBERS, TOKENS
from dcvd.web.dashboard.roles import list_roles, read_role
from dcvd.web.dashboard.typed import Faults, Fields, place_fault
from dcvd.web.dashboard.visit import Visit, open_visit

_NEW_STATUSES: Final = frozenset({MemberStatus.ACTIVE, MemberStatus.SUSPENDED})


@get("/")
async def list_members(request: ApiRequest) -> Template:
    """List the members, newest first, with the form that invites another one."""
    return await _show_list(await open_visit(request))


@post("/", status_code=200)
async def invite(request: ApiRequest) -> Template:
    """Invite a person, and show the invitation in this answer and never again."""
    visit, form = await open_visit(request), await read_form(request)
    try:
        role = read_role(form)
        invitation = await invitations.invite(
            request.context, request.org_id, address=form.get("address", ""), role=role
        )
    except InvalidInput as error:
        return await _show_list(visit, form, place_fault(error, ("address", "role")))
    except Conflict as error:
        return await _show_list(visit, form, {"address": error}, HTTPStatus.CONFLICT)
    return _show_invitation(visit, invitation)


@get("/{member_id:str}")
async def show_member(request: ApiRequest, member_id: FromPath[str]) -> Template:
    """Show a member, and what can be done about them."""
    visit = await open_visit(request)
    member = await queries.get(request.context, request.org_id, member_id)
    return visit.show(
        "members/member",
        {
            "member": member,
            "group_provider": _name_group_provider(request),
            "last_use": (await _find_last_uses(visit, [member])).get(member.id),
            "shows_use": visit.may(TOKENS),
            "roles": list_roles(request.auth),
            "may_change": visit.may(MEMBERS, "POST") and has_rank(request.auth.role, member.role),
            "may_mint": visit.may(TOKENS, "POST") and member.status is MemberStatus.ACTIVE,
        },
    )


@post("/{member_id:str}", status_code=200)
async def change_member(request: ApiRequest, member_id: FromPath[str]) -> Response[Any]:
    """Give a member another role, suspend them, or make them active again."""
    visit, form = await open_visit(request), await read_form(request)
    role = read_role(form) if "role" in form else None
    status = _read_status(form) if "status" in form else None
    await changes.change(request.context, request.org_id, member_id, role=role, status=status)
    return visit.go_to(f"/members/{member_id}", done="done_member_changed")


@post("/{member_id:str}/invite", status_code=200)
async def invite_again(request: ApiRequest, member_id: FromPath[str]) -> Template:
    """Make a new invitation, and show it in this answer and never again."""
    visit = await open_visit(request)
    return _show_invitation(visit, await invitations.invite_again(request.context, request.org_id, member_id))


@post("/{member_id:str}/remove", status_code=200)
async def remove_member(request: ApiRequest, member_id: FromPath[str]) -> Response[Any]:
    """Remove a member, whose tokens and links end at once."""
    visit = await open_visit(request)
    await changes.remove(request.context, request.org_id, member_id)
    return visit.go_to("/members", done="done_member_removed")


def _read_status(form: Fields) -> MemberStatus:
    chosen = form["status"]
    if chosen not in _NEW_STATUSES:
        raise InvalidInput("status", word("status_unknown", known=", ".join(sorted(_NEW_STATUSES))))
    return MemberStatus(chosen)


async def _show_list(
    visit: Visit,
    typed: Fields | None = None,
    faults: Faults | None = None,
    status: HTTPStatus = HTTPStatus.BAD_REQUEST,
) -> Template:
    request = visit.request
    page = await queries.list_page(
        request.context, request.org_id, cursor=request.query_params.get("cursor"), limit=DEFAULT_LIMIT
    )
    now = request.context.now()
    return visit.show(
        "members/list",
        {
            "members": [(member, _is_invitation_open(member, now)) for member in page.items],
            "group_provider": _name_group_provider(request),
            "last_uses": await _find_last_uses(visit, page.items),
            "shows_use": visit.may(TOKENS),
            "next_url": visit.link_next(page.next_cursor),
            "roles": list_roles(request.auth),
            "typed": typed or {"role": "member"},
            "faults": faults or {},
        },
        status=status if faults else HTTPStatus.OK,
    )


async def _find_last_uses(visit: Visit, members: list[Member]) -> dict[str, int]:
    """Find when each member's tokens were last used, as far as the caller may know of tokens."""
    return await queries.find_last_uses(visit.request.context, members) if visit.may(TOKENS) else {}


def _name_group_provider(request: ApiRequest) -> str | None:
    """Return the name of the identity provider whose groups give roles; None where none do."""
    oidc = request.context.config.web_oidc
    return name_provider(oidc) if oidc.role_claim else None


def _is_invitation_open(member: Member, now: int) -> bool:
    return member.invite_expires_at is not None and now < member.invite_expires_at


def _show_invitation(visit: Visit, invitation: Invitation) -> Template:
    server = visit.request.context.config.server
    return visit.show(
        "members/invitation",
        {"member": invitation.member, "invite": invitation.invite.reveal(), "public_url": server.public_url},
    )


ROUTERS: Final[tuple[Router, ...]] = (
    Router(
        "/members",
        route_handlers=[
            list_members,
            invite,
            show_member,
            change_member,
            invite_again,
            remove_member,
        ],
        opt=MEMBERS,
    ),
)
