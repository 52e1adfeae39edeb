"""Members and branding of an organization, as operators see and change them; they invite its first owner."""

from typing import Final

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from dcvd.api.branding.input import BrandingPatch
from dcvd.api.branding.view import BrandingAnswer, branding_answer
from dcvd.api.members.routes import MemberChange, NewMember
from dcvd.api.members.view import MemberAnswer, MemberList, invitation_answer, member_answer, member_list
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.services import branding
from dcvd.services.members import changes, invitations, queries
from dcvd.store.organizations.organizations import Organization


@post("/members", summary="Invite a person to an organization", status_code=201)
async def invite_member(
    request: ApiRequest, organization: NamedDependency[Organization], data: JSONBody[NewMember]
) -> Response[MemberAnswer]:
    """Invite a person, also as an owner; the invitation is in this answer and never again."""
    invitation = await invitations.invite(request.context, organization.id, address=data.address, role=data.role)
    address = f"/operator/organizations/{organization.id}/members/{invitation.member.id}"
    return Response(invitation_answer(invitation), headers={"Location": address})


@get("/members", summary="List an organization's members")
async def list_members_of_organization(
    request: ApiRequest, organization: NamedDependency[Organization], limit: Limit = None, cursor: Cursor = None
) -> MemberList:
    """List an organization's members, newest first."""
    page = await queries.list_page(request.context, organization.id, cursor=cursor, limit=parse_page_limit(limit))
    return member_list(page)


@patch("/members/{member_id:str}", summary="Change an organization's member")
async def change_member(
    request: ApiRequest,
    organization: NamedDependency[Organization],
    member_id: FromPath[str],
    data: JSONBody[MemberChange],
) -> MemberAnswer:
    """Change a member's role or status, also of the last active owner."""
    member = await changes.change(request.context, organization.id, member_id, role=data.role, status=data.status)
    return member_answer(member)


@post("/members/{member_id:str}/invite", summary="Invite a person again", status_code=200)
async def invite_member_again(
    request: ApiRequest, organization: NamedDependency[Organization], member_id: FromPath[str]
) -> MemberAnswer:
    """Make a new invitation for a member who has not accepted yet."""
    return invitation_answer(await invitations.invite_again(request.context, organization.id, member_id))


@delete("/members/{member_id:str}", summary="Remove an organization's member")
async def remove_member(
    request: ApiRequest, organization: NamedDependency[Organization], member_id: FromPath[str]
) -> None:
    """Remove a member, also the last active owner, and revoke their tokens at once."""
    await changes.remove(request.context, organization.id, member_id)


@get("/branding", summary="Show an organization's branding")
async def show_branding(request: ApiRequest, organization: NamedDependency[Organization]) -> BrandingAnswer:
    """Show how an organization looks."""
    public_url = request.context.config.server.public_url
    return branding_answer(await branding.read(request.context, organization.id), public_url)


@patch("/branding", summary="Change an organization's branding")
async def change_branding(
    request: ApiRequest, organization: NamedDependency[Organization], data: JSONBody[BrandingPatch]
) -> BrandingAnswer:
    """Change how an organization looks."""
    logos = request.services.logos
    changed = await branding.change(request.context, logos, organization.id, data.change)
    return branding_answer(changed, request.context.config.server.public_url)


HANDLERS: Final[list[HTTPRouteHandler]] = [
    invite_member,
    list_members_of_organization,
    change_member,
    invite_member_again,
    remove_member,
    show_branding,
    change_branding,
]
