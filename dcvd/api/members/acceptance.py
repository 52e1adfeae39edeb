"""`/api/members/accept`: for whoever was invited, and has no token yet."""

from typing import Final

from litestar import post
from litestar.params import JSONBody
from msgspec import Struct

from dcvd.api.members.view import MemberAnswer, member_answer
from dcvd.errors import InvalidInput
from dcvd.http.access.authentication import read_client_address
from dcvd.http.documentation import problems
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.members import invitations


class Acceptance(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The invitation, as `inviteToken` of the answer that made it."""

    token: str


@post("", summary="Accept an invitation", status_code=200, security=[{}], responses=problems(403, 429))
async def accept_invitation(request: ApiRequest, data: JSONBody[Acceptance]) -> MemberAnswer:
    """Become an active member, by an invitation that is good for one use. This needs no authentication."""
    try:
        return member_answer(await invitations.accept(request.context, data.token))
    except InvalidInput as error:
        raise request.services.failed_authentications.record(read_client_address(request.scope)) or error from None


ROUTER: Final = Router("/api/members/accept", route_handlers=[accept_invitation], tags=["Members"])
