"""What an operator can do to organizations and what is theirs; the results are what the API answers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import msgspec
from msgspec import UNSET, Struct

from dcvd.api.alerts.view import ContactAnswer, ContactList, ContactView
from dcvd.api.branding.input import BrandingPatch
from dcvd.api.branding.view import BrandingAnswer, BrandingView
from dcvd.api.domains.bulk_view import AddedLine
from dcvd.api.domains.input import to_new_domain
from dcvd.api.links.view import LinkAnswer, LinkList, LinkView
from dcvd.api.members.view import MemberAnswer, MemberList, MemberView
from dcvd.api.operators.cloudflare_import_view import ImportLine
from dcvd.api.operators.configuration_view import ConfigurationAnswer, ConfigurationView
from dcvd.api.operators.view import (
    ListedOrganizationView,
    OrganizationAnswer,
    OrganizationList,
    OrganizationOverviewView,
    OrganizationView,
    OverviewAnswer,
    RenewalsAnswer,
    StatusAnswer,
)
from dcvd.api.tokens.input import TokenChange
from dcvd.api.tokens.view import RevokedTokens, TokenAnswer, TokenList, TokenView, UsageAnswer, UsageView
from dcvd.api.zones.view import ZoneAnswer, ZoneList, ZoneView
from dcvd.cli.call_timeouts import find_timeout_s
from dcvd.cli.extents import EVERYTHING, Extent, Listed
from dcvd.cli.operations.diagnosis_view import DiagnosisOutput
from dcvd.cli.operations.domains import DomainOperations
from dcvd.cli.operations.probes import ProbeOperations
from dcvd.cli.operations.programs import ProgramOperations
from dcvd.cli.operations.sessions import SessionOperations
from dcvd.cli.operations.silence import Patience
from dcvd.cli.operations.webhooks import ORGANIZATIONS_PATH
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.instants import SECOND, format_instant, to_rfc3339
from dcvd.core.members import MemberStatus
from dcvd.core.numbers import count
from dcvd.core.organizations.unknown import describe_unknown_organization
from dcvd.core.sentences.rendering import Language
from dcvd.core.system.overview import SystemOverview
from dcvd.core.tokens.token import Role
from dcvd.errors import DcvdError, NotFound
from dcvd.services.lifecycle.renewals import RenewalsView
from dcvd.services.tokens.changes import TokenChanges
from dcvd.services.tokens.rights import NO_OWN_LIMITS, TokenLimits

_SEND_BATCH: Final = 250  # lines


class _NameDiagnosisAnswer(Struct, frozen=True):
    diagnosis: DiagnosisOutput


class Operations(ProgramOperations, DomainOperations, ProbeOperations, SessionOperations):
    """Carries out operations by calls of the API; `org_id` is the id of an organization that exists."""

    async def create_organization(self, name: str) -> OrganizationView:
        answer = await self.call("POST", ORGANIZATIONS_PATH, OrganizationAnswer, body={"name": name})
        return answer.organization

    async def list_organizations(self) -> list[ListedOrganizationView]:
        answer = await self.call("GET", ORGANIZATIONS_PATH, OrganizationList)
        return answer.organizations

    async def show_organization(self, org_id: str) -> OrganizationOverviewView:
        return (await self.call("GET", f"{ORGANIZATIONS_PATH}/{org_id}", OverviewAnswer)).organization

    async def change_organization(
        self, org_id: str, *, name: str | None, quotas: Mapping[str, int | None] | None
    ) -> OrganizationOverviewView:
        body = {key: value for key, value in (("name", name), ("quotas", quotas)) if value is not None}
        answer = await self.call("PATCH", f"{ORGANIZATIONS_PATH}/{org_id}", OverviewAnswer, body=body)
        return answer.organization

    async def suspend_organization(self, org_id: str) -> OrganizationOverviewView:
        return (await self.call("POST", f"{ORGANIZATIONS_PATH}/{org_id}/suspend", OverviewAnswer)).organization

    async def resume_organization(self, org_id: str) -> OrganizationOverviewView:
        return (await self.call("POST", f"{ORGANIZATIONS_PATH}/{org_id}/resume", OverviewAnswer)).organization

    async def delete_organization(self, org_id: str, *, leave_hostnames: bool) -> OrganizationOverviewView:
        query = {"leaveHostnames": "true"} if leave_hostnames else None
        answer = await self.call("DELETE", f"{ORGANIZATIONS_PATH}/{org_id}", OverviewAnswer, query=query)
        return answer.organization

    def export_organization(self, org_id: str) -> AsyncIterator[bytes]:
        """Yield the export, some lines at a time."""
        return self.stream(
            f"{ORGANIZATIONS_PATH}/{org_id}/export",
            lambda error_name: f"stopped in the middle of the export ({error_name}): export again.",
        )

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
        answer = await self.call("POST", f"{ORGANIZATIONS_PATH}/{org_id}/tokens", TokenAnswer, body=body)
        return answer.token

    async def change_token(self, org_id: str, token_id: str, changes: TokenChanges) -> TokenView:
        body = TokenChange(
            name=changes.name,
            expires_at=changes.expires_at if changes.expires_at is UNSET else format_instant(changes.expires_at),
        )
        path = f"{ORGANIZATIONS_PATH}/{org_id}/tokens/{token_id}"
        return (await self.call("PATCH", path, TokenAnswer, body=msgspec.to_builtins(body))).token

    async def list_tokens(self, org_id: str, extent: Extent = EVERYTHING) -> Listed[TokenView]:
        path = f"{ORGANIZATIONS_PATH}/{org_id}/tokens"
        return await self.list_extent(path, TokenList, lambda page: page.tokens, extent)

    async def revoke_token(self, org_id: str, token_id: str, *, with_descendants: bool) -> None:
        path = f"{ORGANIZATIONS_PATH}/{org_id}/tokens/{token_id}"
        await self.exchange("DELETE", path, query={"descendants": "true"} if with_descendants else None)

    async def rotate_token(self, org_id: str, token_id: str, *, grace_ms: int) -> TokenView:
        path = f"{ORGANIZATIONS_PATH}/{org_id}/tokens/{token_id}/rotate"
        answer = await self.call("POST", path, TokenAnswer, body={"graceSeconds": grace_ms // SECOND})
        return answer.token

    async def revoke_all_tokens(self, org_id: str) -> int:
        answer = await self.call("POST", f"{ORGANIZATIONS_PATH}/{org_id}/tokens/revoke-all", RevokedTokens)
        return answer.revoked

    async def get_token_usage(self, org_id: str, token_id: str) -> UsageView:
        path = f"{ORGANIZATIONS_PATH}/{org_id}/tokens/{token_id}/usage"
        return (await self.call("GET", path, UsageAnswer)).usage

    async def add_contact(
        self, org_id: str, *, address: str | None, member_id: str | None, kinds: Sequence[AlertKind] | None
    ) -> ContactView:
        path = f"{ORGANIZATIONS_PATH}/{org_id}/alerts/contacts"
        body = {"address": address, "memberId": member_id, "kinds": None if kinds is None else list(kinds)}
        return (await self.call("POST", path, ContactAnswer, body=body)).contact

    async def list_contacts(self, org_id: str) -> list[ContactView]:
        pages = await self.list_pages(f"{ORGANIZATIONS_PATH}/{org_id}/alerts/contacts", ContactList)
        return [contact for page in pages for contact in page.contacts]

    async def remove_contact(self, org_id: str, contact_id: str) -> None:
        await self.exchange("DELETE", f"{ORGANIZATIONS_PATH}/{org_id}/alerts/contacts/{contact_id}")

    async def invite_member(self, org_id: str, address: str, role: Role) -> MemberView:
        path, body = f"{ORGANIZATIONS_PATH}/{org_id}/members", {"address": address, "role": role.value}
        return (await self.call("POST", path, MemberAnswer, body=body)).member

    async def invite_member_again(self, org_id: str, member_id: str) -> MemberView:
        path = f"{ORGANIZATIONS_PATH}/{org_id}/members/{member_id}/invite"
        return (await self.call("POST", path, MemberAnswer)).member

    async def list_members(self, org_id: str) -> list[MemberView]:
        pages = await self.list_pages(f"{ORGANIZATIONS_PATH}/{org_id}/members", MemberList)
        return [member for page in pages for member in page.members]

    async def change_member(
        self, org_id: str, member_id: str, *, role: Role | None, status: MemberStatus | None
    ) -> MemberView:
        path, body = f"{ORGANIZATIONS_PATH}/{org_id}/members/{member_id}", {"role": role, "status": status}
        return (await self.call("PATCH", path, MemberAnswer, body=body)).member

    async def remove_member(self, org_id: str, member_id: str) -> None:
        await self.exchange("DELETE", f"{ORGANIZATIONS_PATH}/{org_id}/members/{member_id}")

    async def create_link(
        self, org_id: str, *, domain: str | None, lifetime_ms: int, return_to: str | None
    ) -> LinkView:
        path = f"{ORGANIZATIONS_PATH}/{org_id}/links"
        body = {"domain": domain, "expiresIn": lifetime_ms // SECOND, "returnTo": return_to}
        return (await self.call("POST", path, LinkAnswer, body=body)).link

    async def list_links(self, org_id: str) -> list[LinkView]:
        pages = await self.list_pages(f"{ORGANIZATIONS_PATH}/{org_id}/links", LinkList)
        return [link for page in pages for link in page.links]

    async def revoke_link(self, org_id: str, link_id: str) -> None:
        await self.exchange("DELETE", f"{ORGANIZATIONS_PATH}/{org_id}/links/{link_id}")

    async def show_branding(self, org_id: str) -> BrandingView:
        return (await self.call("GET", f"{ORGANIZATIONS_PATH}/{org_id}/branding", BrandingAnswer)).branding

    async def change_branding(self, org_id: str, change: BrandingPatch) -> BrandingView:
        path = f"{ORGANIZATIONS_PATH}/{org_id}/branding"
        return (await self.call("PATCH", path, BrandingAnswer, body=change)).branding

    async def add_zone(self, org_id: str, name: str) -> ZoneView:
        return (await self.call("POST", f"{ORGANIZATIONS_PATH}/{org_id}/zones", ZoneAnswer, body={"name": name})).zone

    async def list_zones(self, org_id: str) -> list[ZoneView]:
        pages = await self.list_pages(f"{ORGANIZATIONS_PATH}/{org_id}/zones", ZoneList)
        return [zone for page in pages for zone in page.zones]

    async def check_zone(self, org_id: str, zone_id: str) -> ZoneView:
        return (await self.call("POST", f"{ORGANIZATIONS_PATH}/{org_id}/zones/{zone_id}/check", ZoneAnswer)).zone

    async def remove_zone(self, org_id: str, zone_id: str) -> None:
        await self.exchange("DELETE", f"{ORGANIZATIONS_PATH}/{org_id}/zones/{zone_id}")

    async def show_configuration(self) -> ConfigurationView:
        return (await self.call("GET", "/operator/config", ConfigurationAnswer)).configuration

    async def show_status(self) -> SystemOverview:
        return (await self.call("GET", "/operator/status", StatusAnswer)).status

    async def list_renewals(self) -> RenewalsView:
        answer = await self.call("GET", "/operator/renewals", RenewalsAnswer)
        return answer.renewals

    async def diagnose(self, name: str, language: Language) -> DiagnosisOutput | None:
        """Have the daemon check a (normalised) name and diagnose it; None if nobody has added that name."""
        path = f"/operator/domains/{name}/diagnosis"
        try:
            answer = await self.call("GET", path, _NameDiagnosisAnswer, headers={"Accept-Language": language})
        except DcvdError as error:
            if error.code == NotFound.code:
                return None
            raise
        return answer.diagnosis

    async def import_domains(
        self, org_id: str, requests: Sequence[DomainRequest], *, dry_run: bool, key: str | None
    ) -> AsyncIterator[AddedLine]:
        """Import up to MAX_LINES domains, and yield their results in the same order, numbered from 1."""
        path = f"{ORGANIZATIONS_PATH}/{org_id}/domains/bulk"
        headers = {"Content-Type": "application/x-ndjson", **({} if key is None else {"Idempotency-Key": key})}
        answer_count = 0

        def describe_stop(error_name: str) -> str:
            return (
                f"stopped answering after {answer_count} of {count(len(requests), 'domain')} ({error_name}). Import "
                "the same file again: what is there already is reported as such."
            )

        async for line in self.stream(
            path,
            describe_stop,
            query={"dryRun": "true"} if dry_run else {},
            data=_encode_lines(requests),
            headers=headers,
            by_line=True,
        ):
            yield self.decode(line, AddedLine, f"POST {path}")
            answer_count += 1

    async def import_from_cloudflare(self, org_id: str, selection: Mapping[str, object]) -> AsyncIterator[ImportLine]:
        """Adopt hostnames that the zone has already, and yield what becomes of them; the last line is the end.

        `selection` is the body of the call.
        """
        path = f"{ORGANIZATIONS_PATH}/{org_id}/cloudflare-import"
        again = "Run the same command again: what is adopted is there already."
        line = ImportLine()
        async for raw in self.stream(
            path,
            lambda error_name: f"stopped in the middle of the import ({error_name}). {again}",
            data=msgspec.json.encode(selection),
            headers={"Content-Type": "application/json"},
            by_line=True,
        ):
            line = self.decode(raw, ImportLine, f"POST {path}")
            yield line
        if line.end is UNSET:
            raise DcvdError(f"The import ended in the middle. {again}")


async def find_organization(operations: Operations, id_or_name: str) -> ListedOrganizationView:
    """Find an organization by its id, else by its exact name. Raises NotFound."""
    organizations = await operations.list_organizations()
    for match in (
        *(organization for organization in organizations if organization.id == id_or_name),
        *(organization for organization in organizations if organization.name == id_or_name),
    ):
        return match
    raise NotFound(describe_unknown_organization(id_or_name, [organization.name for organization in organizations]))


@asynccontextmanager
async def open_operations(socket: str, server: str, patience: Patience | None = None) -> AsyncIterator[Operations]:
    """Open a session with whoever serves the API at a socket; `server` and `patience` as for `ApiClient`."""
    async with aiohttp.ClientSession(
        "http://localhost",
        connector=aiohttp.UnixConnector(path=socket),
        timeout=aiohttp.ClientTimeout(total=find_timeout_s()),
    ) as session:
        yield Operations(session, server, patience)


async def _encode_lines(requests: Sequence[DomainRequest]) -> AsyncIterator[bytes]:
    encoder = msgspec.json.Encoder()
    for start in range(0, len(requests), _SEND_BATCH):
        yield encoder.encode_lines([to_new_domain(request) for request in requests[start : start + _SEND_BATCH]])
