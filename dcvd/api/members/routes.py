"""`/api/members`: the people of an organization."""

from collections.abc import Awaitable
from typing import Final

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.members.view import MemberAnswer, MemberList, invitation_answer, member_answer, member_list
from dcvd.core.members import MemberStatus
from dcvd.core.tokens.token import Role
from dcvd.http.documentation import problems
from dcvd.http.etag import ETAG_HEADER, IF_MATCH, InjectedPrecondition
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.context import Context
from dcvd.services.members import changes, invitations, queries
from dcvd.services.members.invitations import Invitation


class NewMember(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A person to be invited."""

    address: str
    role: Role = Role.MEMBER


class MemberChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to change; null or absent leaves it."""

    role: Role | None = None
    status: MemberStatus | None = None


@post("", summary="Invite a person", status_code=201, responses=problems(409))
async def create_member(
    request: ApiRequest, data: JSONBody[NewMember], key: IdempotencyKey = None
) -> Response[MemberAnswer]:
    """Invite a person, by a token for one use that is in this answer and never again.

    Give it to them: whoever sends it to `POST /api/members/accept` is the member from then on. It lives for 7 days.
    Nobody invites to a role above their own, nor, with a token that has scopes, above `member`.
    """

    def invite(context: Context) -> Awaitable[Invitation]:
        return invitations.invite(context, request.org_id, address=data.address, role=data.role)

    def respond(invitation: Invitation) -> Response[MemberAnswer]:
        headers = {
            "Location": f"{request.root}/members/{invitation.member.id}",
            ETAG_HEADER: invitation.member.entity_tag,
        }
        return Response(invitation_answer(invitation), headers=headers)

    return await answer_once(request, key, invite, respond)


@get("", summary="List the members")
async def list_members(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> MemberList:
    """List the organization's members, newest first."""
    page = await queries.list_page(request.context, request.org_id, cursor=cursor, limit=parse_page_limit(limit))
    return member_list(page)


@get("/{member_id:str}", summary="Show a member")
async def get_member(request: ApiRequest, member_id: FromPath[str]) -> Response[MemberAnswer]:
    """Show one member."""
    member = await queries.get(request.context, request.org_id, member_id)
    return Response(member_answer(member), headers={ETAG_HEADER: member.entity_tag})


@patch("/{member_id:str}", summary="Change a member", dependencies=IF_MATCH, responses=problems(409, 412))
async def update_member(
    request: ApiRequest, member_id: FromPath[str], data: JSONBody[MemberChange], precondition: InjectedPrecondition
) -> Response[MemberAnswer]:
    """Change a member's role, suspend them, or make them active again; their tokens follow at once.

    Nobody changes a member above their own role, nor gives one. The last active owner stays one. Whoever gets a higher
    role before they have accepted their invitation has to be invited again.
    """
    member = await changes.change(
        request.context,
        request.org_id,
        member_id,
        role=data.role,
        status=data.status,
        precondition=precondition,
    )
    return Response(member_answer(member), headers={ETAG_HEADER: member.entity_tag})


@post("/{member_id:str}/invite", summary="Invite a person again", status_code=200, responses=problems(409))
async def renew_invitation(
    request: ApiRequest, member_id: FromPath[str], key: IdempotencyKey = None
) -> Response[MemberAnswer]:
    """Make a new invitation for a member who has not accepted yet. The earlier one ends."""

    def invite_again(context: Context) -> Awaitable[Invitation]:
        return invitations.invite_again(context, request.org_id, member_id)

    return await answer_once(request, key, invite_again, lambda invitation: Response(invitation_answer(invitation)))


@delete("/{member_id:str}", summary="Remove a member", responses=problems(409))
async def delete_member(request: ApiRequest, member_id: FromPath[str]) -> None:
    """Remove a member, and revoke their tokens at once. The last active owner stays."""
    await changes.remove(request.context, request.org_id, member_id)


ROUTER: Final = Router(
    "/members",
    route_handlers=[create_member, list_members, get_member, update_member, renew_invitation, delete_member],
    opt={"subject": "members"},
    tags=["Members"],
)
