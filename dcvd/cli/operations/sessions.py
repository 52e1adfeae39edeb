"""The operations on sessions, by calls of the API."""

from dcvd.api.sessions.view import EndedSessions, SessionList, SessionView
from dcvd.cli.extents import EVERYTHING, Extent, Listed
from dcvd.cli.operations.api_client import ApiClient
from dcvd.cli.operations.webhooks import ORGANIZATIONS_PATH


class SessionOperations(ApiClient):
    """Lists and ends the sessions of organizations by calls of the API."""

    async def list_sessions(self, org_id: str, extent: Extent = EVERYTHING) -> Listed[SessionView]:
        return await self.list_extent(_path(org_id), SessionList, lambda page: page.sessions, extent)

    async def end_session(self, org_id: str, session_id: str) -> None:
        await self.exchange("DELETE", f"{_path(org_id)}/{session_id}")

    async def end_all_sessions(self, org_id: str) -> int:
        return (await self.call("DELETE", _path(org_id), EndedSessions)).ended


def _path(org_id: str) -> str:
    return f"{ORGANIZATIONS_PATH}/{org_id}/api/sessions"
