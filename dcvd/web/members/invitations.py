"""`/invitation/{invite}`: the page on which somebody becomes a member of an organization.

To open it changes nothing, because programs that look for bad links open each of them: the button does. The invitation
in its address is all that is needed. It is not in the published schema, because only browsers come here.
"""

from http import HTTPStatus
from typing import Final

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.sentences.sentence import Sentence, say
from dcvd.core.tokens.token import Role
from dcvd.errors import InvalidInput
from dcvd.http.access.authentication import read_client_address
from dcvd.http.page_routes import ANY_QUERY
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.members import invitations
from dcvd.web.pages.failures import show_failure
from dcvd.web.pages.message import build_message, show_message


@get("/{invite:str}")
async def show_invitation(request: ApiRequest, invite: FromPath[str]) -> Template:
    """Say to which organization somebody is invited, with the button that accepts."""
    invited = await invitations.find(request.context, invite)
    if invited is None:
        return _refuse(request, None)
    invitation = say(
        "message_invited_by",
        organization=invited.organization,
        address=invited.member.address,
        role=_name_role(invited.member.role),
    )
    return show_message(request, build_message("message_invited", invitation, button="message_accept"))


@post("/{invite:str}", status_code=200)
async def accept_invitation(request: ApiRequest, invite: FromPath[str]) -> Template:
    """Make whoever was invited a member."""
    try:
        member = await invitations.accept(request.context, invite)
    except InvalidInput as error:
        return _refuse(request, error)
    return show_message(
        request,
        build_message(
            "message_member",
            say("message_member_role", address=member.address, role=_name_role(member.role)),
            say("message_member_token"),
        ),
    )


def _refuse(request: ApiRequest, error: InvalidInput | None) -> Template:
    """Answer an invitation that leads nowhere. Raises TooManyRequests for who tries many."""
    refusal = request.services.failed_authentications.record(read_client_address(request.scope))
    if refusal is not None:
        raise refusal from error
    message = build_message("message_unchanged", say("message_invitation_refused"))
    return show_message(request, message, status=HTTPStatus.NOT_FOUND)


def _name_role(role: Role) -> Sentence:
    return say(f"dashboard_role_{role.value}")


ROUTER: Final = Router(
    "/invitation",
    route_handlers=[show_invitation, accept_invitation],
    exception_handlers={Exception: show_failure},
    opt={ANY_QUERY: True},
    include_in_schema=False,
)
