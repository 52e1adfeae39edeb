"""The operations over the unix socket of a running daemon."""

import asyncio
import errno
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import aiohttp
import msgspec
from msgspec import UNSET, Struct

from dcvd.api.branding.input import BrandingPatch
from dcvd.api.branding.view import BrandingAnswer, BrandingView
from dcvd.api.domains.bulk_view import AddedLine
from dcvd.api.domains.input import NewDomain
from dcvd.api.domains.view import DomainAnswer, DomainView
from dcvd.api.http.answers.problem_view import Problem
from dcvd.api.links.view import LinkAnswer, LinkList, LinkView
from dcvd.api.members.view import MemberAnswer, MemberList, MemberView
from dcvd.api.operators.view import (
    ListedOrganizationView,
    OrganizationAnswer,
    OrganizationList,
    OrganizationOverviewView,
    OrganizationView,
    OverviewAnswer,
    RenewalsAnswer,
)
from dcvd.api.tokens.input import TokenChange
from dcvd.api.tokens.view import RevokedTokens, TokenAnswer, TokenList, TokenView, UsageAnswer, UsageView
from dcvd.api.zones.view import ZoneAnswer, ZoneList, ZoneView
from dcvd.cli.operations.diagnosis_view import DiagnosisOutput
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.instants import SECOND, format_instant, to_rfc3339
from dcvd.core.members import MemberStatus
from dcvd.core.sentences.rendering import Language
from dcvd.core.tokens.token import Role
from dcvd.errors import DcvdError, Forbidden, NotFound
from dcvd.services.lifecycle.renewals import RenewalsView
from dcvd.services.tokens.changes import TokenChanges
from dcvd.services.tokens.rights import NO_OWN_LIMITS, TokenLimits
from dcvd.store.engine.paging import MAX_LIMIT

_ORGANIZATIONS_PATH: Final = "/operator/organizations"
_TIMEOUT_S: Final = 30.0  # seconds for one call
_PAGE_SIZE: Final = str(MAX_LIMIT)
_SEND_BATCH: Final = 250  # lines
_NO_LISTENER_ERRORS: Final = (errno.ENOENT, errno.ENOTDIR, errno.ECONNREFUSED)
_A = TypeVar("_A")


class _PageAnswer(Protocol):
    """A page of a list."""

    @property
    def next_cursor(self) -> str | None: ...


_P = TypeVar("_P", bound=_PageAnswer)


class _NameDiagnosisAnswer(Struct, frozen=True):
    diagnosis: DiagnosisOutput


class RemoteOperations:
    """Carries out operations by calling the daemon."""

    def __init__(self, session: aiohttp.ClientSession, socket: Path) -> None:
        self._session = session
        self._socket = socket

    async def create_organization(self, name: str) -> OrganizationView:
        answer = await self._call("POST", _ORGANIZATIONS_PATH, OrganizationAnswer, body={"name": name})
        return answer.organization

    async def list_organizations(self) -> list[ListedOrganizationView]:
        answer = await self._call("GET", _ORGANIZATIONS_PATH, OrganizationList)
        return answer.organizations

    async def show_organization(self, org_id: str) -> OrganizationOverviewView:
        return (await self._call("GET", f"{_ORGANIZATIONS_PATH}/{org_id}", OverviewAnswer)).organization

    async def change_organization(
        self, org_id: str, *, name: str | None, quotas: Mapping[str, int | None] | None
    ) -> OrganizationOverviewView:
        body = {key: value for key, value in (("name", name), ("quotas", quotas)) if value is not None}
        answer = await self._call("PATCH", f"{_ORGANIZATIONS_PATH}/{org_id}", OverviewAnswer, body=body)
        return answer.organization

    async def suspend_organization(self, org_id: str) -> OrganizationOverviewView:
        return (await self._call("POST", f"{_ORGANIZATIONS_PATH}/{org_id}/suspend", OverviewAnswer)).organization

    async def resume_organization(self, org_id: str) -> OrganizationOverviewView:
        return (await self._call("POST", f"{_ORGANIZATIONS_PATH}/{org_id}/resume", OverviewAnswer)).organization

    async def delete_organization(self, org_id: str, *, leave_hostnames: bool) -> OrganizationOverviewView:
        query = {"leaveHostnames": "true"} if leave_hostnames else None
        answer = await self._call("DELETE", f"{_ORGANIZATIONS_PATH}/{org_id}", OverviewAnswer, query=query)
        return answer.organization

    async def export_organization(self, org_id: str) -> AsyncIterator[bytes]:
        path = f"{_ORGANIZATIONS_PATH}/{org_id}/export"
        try:
            async with self._session.post(
                path, timeout=aiohttp.ClientTimeout(total=None, sock_read=_TIMEOUT_S)
            ) as response:
                if response.status >= 400:
                    fallback_sentence = f"The daemon at {self._socket} answered POST {path} with {response.status}"
                    raise _to_error(await response.read(), fallback_sentence)
                async for piece in response.content.iter_any():
                    yield piece
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DcvdError(
                f"The daemon at {self._socket} stopped in the middle of the export ({type(error).__name__}): export "
                "again."
            ) from error

    async def create_token(
        self,
        org_id: str,
        *,
        name: str,
        role: Role,
        expires_at: int | None,
        member_id: str | None = None,
        limits: TokenLimits = NO_OWN_LIMITS,
    ) -> TokenView:
        body: dict[str, Any] = {"name": name, "role": role.value, "memberId": member_id}
        if expires_at is not None:
            body["expiresAt"] = to_rfc3339(expires_at)
        given = {
            "scopes": limits.scopes,
            "domains": limits.domains,
            "readOnly": limits.read_only,
            "allowedNetworks": limits.allowed_networks,
        }
        body |= {name: value for name, value in given.items() if value is not UNSET}
        answer = await self._call("POST", f"{_ORGANIZATIONS_PATH}/{org_id}/tokens", TokenAnswer, body=body)
        return answer.token

    async def change_token(self, org_id: str, token_id: str, changes: TokenChanges) -> TokenView:
        body = TokenChange(
            name=changes.name,
            expires_at=changes.expires_at if changes.expires_at is UNSET else format_instant(changes.expires_at),
        )
        path = f"{_ORGANIZATIONS_PATH}/{org_id}/tokens/{token_id}"
        return (await self._call("PATCH", path, TokenAnswer, body=msgspec.to_builtins(body))).token

    async def list_tokens(self, org_id: str) -> list[TokenView]:
        pages = await self._list_pages(f"{_ORGANIZATIONS_PATH}/{org_id}/tokens", TokenList)
        return [token for page in pages for token in page.tokens]

    async def revoke_token(self, org_id: str, token_id: str, *, with_descendants: bool) -> None:
        path = f"{_ORGANIZATIONS_PATH}/{org_id}/tokens/{token_id}"
        await self._exchange("DELETE", path, query={"descendants": "true"} if with_descendants else None)

    async def rotate_token(self, org_id: str, token_id: str, *, grace_ms: int) -> TokenView:
        path = f"{_ORGANIZATIONS_PATH}/{org_id}/tokens/{token_id}/rotate"
        answer = await self._call("POST", path, TokenAnswer, body={"graceSeconds": grace_ms // SECOND})
        return answer.token

    async def revoke_all_tokens(self, org_id: str) -> int:
        answer = await self._call("POST", f"{_ORGANIZATIONS_PATH}/{org_id}/tokens/revoke-all", RevokedTokens)
        return answer.revoked

    async def get_token_usage(self, org_id: str, token_id: str) -> UsageView:
        path = f"{_ORGANIZATIONS_PATH}/{org_id}/tokens/{token_id}/usage"
        return (await self._call("GET", path, UsageAnswer)).usage

    async def move_domain(self, org_id: str, name: str) -> DomainView:
        path, body = f"{_ORGANIZATIONS_PATH}/{org_id}/domains/move", {"domainName": name}
        return (await self._call("POST", path, DomainAnswer, body=body)).domain

    async def invite_member(self, org_id: str, address: str, role: Role) -> MemberView:
        path, body = f"{_ORGANIZATIONS_PATH}/{org_id}/members", {"address": address, "role": role.value}
        return (await self._call("POST", path, MemberAnswer, body=body)).member

    async def invite_member_again(self, org_id: str, member_id: str) -> MemberView:
        path = f"{_ORGANIZATIONS_PATH}/{org_id}/members/{member_id}/invite"
        return (await self._call("POST", path, MemberAnswer)).member

    async def list_members(self, org_id: str) -> list[MemberView]:
        pages = await self._list_pages(f"{_ORGANIZATIONS_PATH}/{org_id}/members", MemberList)
        return [member for page in pages for member in page.members]

    async def change_member(
        self, org_id: str, member_id: str, *, role: Role | None, status: MemberStatus | None
    ) -> MemberView:
        path, body = f"{_ORGANIZATIONS_PATH}/{org_id}/members/{member_id}", {"role": role, "status": status}
        return (await self._call("PATCH", path, MemberAnswer, body=body)).member

    async def remove_member(self, org_id: str, member_id: str) -> None:
        await self._exchange("DELETE", f"{_ORGANIZATIONS_PATH}/{org_id}/members/{member_id}")

    async def create_link(
        self, org_id: str, *, domain: str | None, lifetime_ms: int, return_to: str | None
    ) -> LinkView:
        path = f"{_ORGANIZATIONS_PATH}/{org_id}/links"
        body = {"domain": domain, "expiresIn": lifetime_ms // SECOND, "returnTo": return_to}
        return (await self._call("POST", path, LinkAnswer, body=body)).link

    async def list_links(self, org_id: str) -> list[LinkView]:
        pages = await self._list_pages(f"{_ORGANIZATIONS_PATH}/{org_id}/links", LinkList)
        return [link for page in pages for link in page.links]

    async def revoke_link(self, org_id: str, link_id: str) -> None:
        await self._exchange("DELETE", f"{_ORGANIZATIONS_PATH}/{org_id}/links/{link_id}")

    async def show_branding(self, org_id: str) -> BrandingView:
        return (await self._call("GET", f"{_ORGANIZATIONS_PATH}/{org_id}/branding", BrandingAnswer)).branding

    async def change_branding(self, org_id: str, change: BrandingPatch) -> BrandingView:
        path = f"{_ORGANIZATIONS_PATH}/{org_id}/branding"
        return (await self._call("PATCH", path, BrandingAnswer, body=change)).branding

    async def add_zone(self, org_id: str, name: str) -> ZoneView:
        return (await self._call("POST", f"{_ORGANIZATIONS_PATH}/{org_id}/zones", ZoneAnswer, body={"name": name})).zone

    async def list_zones(self, org_id: str) -> list[ZoneView]:
        pages = await self._list_pages(f"{_ORGANIZATIONS_PATH}/{org_id}/zones", ZoneList)
        return [zone for page in pages for zone in page.zones]

    async def check_zone(self, org_id: str, zone_id: str) -> ZoneView:
        return (await self._call("POST", f"{_ORGANIZATIONS_PATH}/{org_id}/zones/{zone_id}/check", ZoneAnswer)).zone

    async def remove_zone(self, org_id: str, zone_id: str) -> None:
        await self._exchange("DELETE", f"{_ORGANIZATIONS_PATH}/{org_id}/zones/{zone_id}")

    async def list_renewals(self) -> RenewalsView:
        answer = await self._call("GET", "/operator/renewals", RenewalsAnswer)
        return answer.renewals

    async def diagnose(self, name: str, language: Language) -> DiagnosisOutput | None:
        """Have the daemon check a (normalised) name and diagnose it; None if nobody has added that name."""
        path = f"/operator/domains/{name}/diagnosis"
        try:
            answer = await self._call("GET", path, _NameDiagnosisAnswer, headers={"Accept-Language": language})
        except DcvdError as error:
            if error.code == NotFound.code:
                return None
            raise
        return answer.diagnosis

    async def import_domains(
        self, org_id: str, requests: Sequence[DomainRequest], *, dry_run: bool, key: str | None
    ) -> AsyncIterator[AddedLine]:
        path = f"{_ORGANIZATIONS_PATH}/{org_id}/domains/bulk"
        headers = {"Content-Type": "application/x-ndjson", **({} if key is None else {"Idempotency-Key": key})}
        answer_count = 0
        try:
            async with self._session.post(
                path,
                params={"dryRun": "true"} if dry_run else {},
                data=_encode_lines(requests),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=None, sock_read=_TIMEOUT_S),
            ) as response:
                if response.status >= 400:
                    fallback_sentence = f"The daemon at {self._socket} answered POST {path} with {response.status}"
                    raise _to_error(await response.read(), fallback_sentence)
                async for line in response.content:
                    yield _decode_answer(line, AddedLine, f"POST {path}", self._socket)
                    answer_count += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DcvdError(
                f"The daemon at {self._socket} stopped answering after {answer_count} of {len(requests)} domains"
                f" ({type(error).__name__}). Import the same file again: what is there already is reported as such."
            ) from error

    async def _list_pages(self, path: str, page_type: type[_P]) -> list[_P]:
        pages: list[_P] = []
        query = {"limit": _PAGE_SIZE}
        while True:
            page = await self._call("GET", path, page_type, query=query)
            pages.append(page)
            if page.next_cursor is None:
                return pages
            query = {"limit": _PAGE_SIZE, "cursor": page.next_cursor}

    async def _call(
        self,
        method: str,
        path: str,
        answer_type: type[_A],
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> _A:
        raw = await self._exchange(method, path, body=body, query=query, headers=headers)
        return _decode_answer(raw, answer_type, f"{method} {path}", self._socket)

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        content = None if body is None else msgspec.json.encode(body)
        sent = {**({} if body is None else {"Content-Type": "application/json"}), **(headers or {})}
        try:
            async with self._session.request(method, path, params=query, data=content, headers=sent) as response:
                status, raw = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DcvdError(
                f"The daemon at {self._socket} did not answer {method} {path} to the end ({type(error).__name__}): "
                "look whether it was done, then try again."
            ) from error
        if status >= 400:
            raise _to_error(raw, f"The daemon at {self._socket} answered {method} {path} with {status}")
        return raw


@asynccontextmanager
async def open_remote_operations(socket: Path) -> AsyncIterator[RemoteOperations]:
    """Open a session with the daemon that listens on the socket."""
    async with aiohttp.ClientSession(
        "http://localhost",
        connector=aiohttp.UnixConnector(path=str(socket)),
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
    ) as session:
        yield RemoteOperations(session, socket)


async def has_listener(socket: Path) -> bool:
    """Whether a daemon listens; connecting starts one if systemd holds the socket.

    Raises Forbidden if this user may not connect, and DcvdError for any other failure.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            _, writer = await asyncio.open_unix_connection(socket)
    except PermissionError as error:
        raise Forbidden(
            f"You may not connect to the daemon's socket {socket}: run this with sudo, or as a member of its group."
        ) from error
    except TimeoutError as error:
        raise DcvdError(f"The daemon at {socket} does not answer: see its log.") from error
    except OSError as error:
        if error.errno in _NO_LISTENER_ERRORS:
            return False
        raise DcvdError(f"The daemon's socket {socket} cannot be used: {error.strerror or error}.") from error
    writer.close()
    await writer.wait_closed()
    return True


async def _encode_lines(requests: Sequence[DomainRequest]) -> AsyncIterator[bytes]:
    encoder = msgspec.json.Encoder()
    for start in range(0, len(requests), _SEND_BATCH):
        yield encoder.encode_lines(
            [
                NewDomain(domain_name=request.domain_name, validation=request.validation, wildcard=request.wildcard)
                for request in requests[start : start + _SEND_BATCH]
            ]
        )


def _decode_answer(raw: bytes, answer_type: type[_A], call: str, socket: Path) -> _A:
    try:
        return msgspec.json.decode(raw, type=answer_type)
    except msgspec.DecodeError as error:
        raise DcvdError(
            f"The daemon at {socket} answered {call} in a form that this command does not know: {error}."
            " Are both of the same version? Restart the daemon after an upgrade."
        ) from error


def _to_error(raw: bytes, fallback_sentence: str) -> DcvdError:
    try:
        problem = msgspec.json.decode(raw, type=Problem)
    except msgspec.DecodeError:
        return DcvdError(f"{fallback_sentence}, which is no answer of dcvd's: see its log.")
    return DcvdError(problem.detail, code=problem.code)
