"""Members as JSON."""

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.members import Member, MemberStatus
from dcvd.core.tokens.token import Role
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.services.members.invitations import Invitation
from dcvd.store.engine.paging import Page


class MemberView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A member. `inviteToken` is only in the answer that made it."""

    id: str
    org_id: str
    address: str
    role: Role
    status: MemberStatus
    invite_token: str | UnsetType = UNSET
    invite_expires_at: Instant | None
    confirmed_at: Instant | None
    created_at: Instant
    updated_at: Instant


class MemberAnswer(Struct, frozen=True):
    member: MemberView


class MemberList(Struct, frozen=True, kw_only=True, rename="camel"):
    members: list[MemberView]
    next_cursor: str | None


def member_answer(member: Member) -> MemberAnswer:
    """Show a member."""
    return MemberAnswer(build_view(MemberView, member))


def invitation_answer(invitation: Invitation) -> MemberAnswer:
    """Show a member with the invitation that they are to be given."""
    return MemberAnswer(build_view(MemberView, invitation.member, invite_token=invitation.invite.reveal()))


def member_list(page: Page[Member]) -> MemberList:
    """Show a page of members."""
    return MemberList(members=[build_view(MemberView, each) for each in page.items], next_cursor=page.next_cursor)
