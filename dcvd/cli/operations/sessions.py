"""The operations on sessions, by calls of the API."""

from typing import Final

from dcvd.api.operators.session_view import (
    OperatorSessionList,
    OperatorSessionView,
    SignInLinkAnswer,
    SignInLinkView,
)
from dcvd.api.sessions.view import EndedSessions, SessionList, SessionView
from dcvd.cli.extents import EVERYTHING, Extent, Listed
from dcvd.cli.operations.api_client import ApiClient
from dcvd.cli.operations.webhooks import ORGANIZATIONS_PATH

_OF_OPERATORS: Final = "/operator/sessions"


class SessionOperations(ApiClient):
    """Lists and ends the sessions of organizations and of operators by calls of the API, and begins an operator's.

    `org_id`: None for those of operators.
    """

    async def create_sign_in_link(self) -> SignInLinkView:
        return (await self.call("POST", "/operator/sign-in-links", SignInLinkAnswer)).sign_in_link

    async def list_sessions(self, org_id: str, extent: Extent = EVERYTHING) -> Listed[SessionView]:
        return await self.list_extent(_path(org_id), SessionList, lambda page: page.sessions, extent)

    async def list_operator_sessions(self, extent: Extent = EVERYTHING) -> Listed[OperatorSessionView]:
        return await self.list_extent(_OF_OPERATORS, OperatorSessionList, lambda page: page.sessions, extent)

    async def end_session(self, org_id: str | None, session_id: str) -> None:
        await self.exchange("DELETE", f"{_path(org_id)}/{session_id}")

    async def end_all_sessions(self, org_id: str | None) -> int:
        return (await self.call("DELETE", _path(org_id), EndedSessions)).ended


def _path(org_id: str | None) -> str:
    return _OF_OPERATORS if org_id is None else f"{ORGANIZATIONS_PATH}/{org_id}/api/sessions"
