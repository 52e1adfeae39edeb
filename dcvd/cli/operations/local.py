"""The operations on the database itself, while no daemon runs."""

import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Final, TypeVar

from dcvd.api.branding.input import BrandingPatch
from dcvd.api.branding.view import BrandingView, branding_answer
from dcvd.api.domains.bulk_view import AddedLine, added_line
from dcvd.api.domains.view import DomainView, domain_view
from dcvd.api.links.view import LinkView, created_link_answer, link_list
from dcvd.api.members.view import MemberView, invitation_answer, member_answer, member_list
from dcvd.api.operators.view import (
    ListedOrganizationView,
    OrganizationOverviewView,
    OrganizationView,
    listed_organization_view,
    organization_view,
    overview_view,
)
from dcvd.api.tokens.view import TokenView, UsageView, minted_token_answer, token_list, token_view, usage_answer
from dcvd.api.zones.view import ZoneView, zone_list, zone_view
from dcvd.config import Config, Live
from dcvd.core.callers import Caller, CallerKind
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.instants import to_seconds
from dcvd.core.members import MemberStatus
from dcvd.core.timeline import OPERATOR_ACTOR
from dcvd.core.tokens.token import Role
from dcvd.dns import DnsObserver
from dcvd.errors import ConfigError, StoreError
from dcvd.kit.egress.guard import allow_networks
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.kit.lockfile import LockFile
from dcvd.services import branding, organizations
from dcvd.services.context import Context
from dcvd.services.domains import details, moves
from dcvd.services.domains.bulk import BulkRequest
from dcvd.services.domains.bulk_additions import BulkAdditions, validate_line
from dcvd.services.lifecycle import deregistrations, renewals
from dcvd.services.lifecycle.renewals import RenewalsView
from dcvd.services.links import creation as link_creation
from dcvd.services.links import queries as link_queries
from dcvd.services.links import revocation as link_revocation
from dcvd.services.links.queries import LinkFilter
from dcvd.services.logos import LogoFetcher
from dcvd.services.members import changes as member_changes
from dcvd.services.members import invitations
from dcvd.services.members import queries as member_queries
from dcvd.services.organizations.export import export_lines
from dcvd.services.organizations.overview import read_overview
from dcvd.services.tokens import changes as token_changes
from dcvd.services.tokens import minting, queries, revocation, suspension
from dcvd.services.tokens.changes import TokenChanges
from dcvd.services.tokens.rights import NO_OWN_LIMITS, TokenLimits
from dcvd.services.tokens.usage import TokenUsage
from dcvd.services.zones import registry as zones
from dcvd.services.zones.checks import ZoneChecker
from dcvd.store.engine.database import Database
from dcvd.store.engine.files import adopt_owner, lock_path
from dcvd.store.engine.paging import MAX_LIMIT, Page

OnCreated = Callable[[Path], None]
"""A callback that gets the path of a database that was just created."""

_T = TypeVar("_T")

_READERS: Final = 1


class LocalOperations:
    """Carries out operations by the services that the daemon's API also calls."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def create_organization(self, name: str) -> OrganizationView:
        return organization_view(await organizations.create(self._context, name))

    async def list_organizations(self) -> list[ListedOrganizationView]:
        return [listed_organization_view(organization) for organization in await organizations.list_all(self._context)]

    async def show_organization(self, org_id: str) -> OrganizationOverviewView:
        return overview_view(await read_overview(self._context, org_id))

    async def change_organization(
        self, org_id: str, *, name: str | None, quotas: Mapping[str, int | None] | None
    ) -> OrganizationOverviewView:
        await organizations.change(self._context, org_id, name=name, quotas=quotas)
        return await self.show_organization(org_id)

    async def suspend_organization(self, org_id: str) -> OrganizationOverviewView:
        await suspension.suspend(self._context, org_id)
        return await self.show_organization(org_id)

    async def resume_organization(self, org_id: str) -> OrganizationOverviewView:
        await suspension.resume(self._context, org_id)
        return await self.show_organization(org_id)

    async def delete_organization(self, org_id: str, *, leave_hostnames: bool) -> OrganizationOverviewView:
        await suspension.begin_deletion(self._context, org_id)
        await (deregistrations.forget_dead if leave_hostnames else deregistrations.retry_dead)(self._context, org_id)
        return await self.show_organization(org_id)

    def export_organization(self, org_id: str) -> AsyncIterator[bytes]:
        return export_lines(self._context, org_id)

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
        minted = await minting.create(
            self._context, org_id, name=name, role=role, expires_at=expires_at, member_id=member_id, limits=limits
        )
        return minted_token_answer(minted).token

    async def change_token(self, org_id: str, token_id: str, changes: TokenChanges) -> TokenView:
        return token_view(await token_changes.change(self._context, org_id, token_id, changes))

    async def rotate_token(self, org_id: str, token_id: str, *, grace_ms: int) -> TokenView:
        return minted_token_answer(await token_changes.rotate(self._context, org_id, token_id, grace_ms=grace_ms)).token

    async def revoke_all_tokens(self, org_id: str) -> int:
        return await revocation.revoke_all(self._context, org_id, keep_own=False)

    async def get_token_usage(self, org_id: str, token_id: str) -> UsageView:
        return usage_answer(await TokenUsage().report(self._context, org_id, token_id)).usage

    async def list_tokens(self, org_id: str) -> list[TokenView]:
        page = await _read_all(lambda cursor: queries.list_page(self._context, org_id, cursor=cursor, limit=MAX_LIMIT))
        return token_list(page).tokens

    async def revoke_token(self, org_id: str, token_id: str, *, with_descendants: bool) -> None:
        await revocation.revoke(self._context, org_id, token_id, with_descendants=with_descendants)

    async def invite_member(self, org_id: str, address: str, role: Role) -> MemberView:
        return invitation_answer(await invitations.invite(self._context, org_id, address=address, role=role)).member

    async def invite_member_again(self, org_id: str, member_id: str) -> MemberView:
        return invitation_answer(await invitations.invite_again(self._context, org_id, member_id)).member

    async def list_members(self, org_id: str) -> list[MemberView]:
        page = await _read_all(
            lambda cursor: member_queries.list_page(self._context, org_id, cursor=cursor, limit=MAX_LIMIT)
        )
        return member_list(page).members

    async def change_member(
        self, org_id: str, member_id: str, *, role: Role | None, status: MemberStatus | None
    ) -> MemberView:
        return member_answer(
            await member_changes.change(self._context, org_id, member_id, role=role, status=status)
        ).member

    async def remove_member(self, org_id: str, member_id: str) -> None:
        await member_changes.remove(self._context, org_id, member_id)

    async def create_link(
        self, org_id: str, *, domain: str | None, lifetime_ms: int, return_to: str | None
    ) -> LinkView:
        created = await link_creation.create_for_operator(
            self._context, org_id, domain=domain, lifetime_ms=lifetime_ms, return_to=return_to
        )
        return created_link_answer(created).link

    async def list_links(self, org_id: str) -> list[LinkView]:
        page = await _read_all(
            lambda cursor: link_queries.list_page(self._context, org_id, LinkFilter(), cursor=cursor, limit=MAX_LIMIT)
        )
        return link_list(page, self._context.now()).links

    async def revoke_link(self, org_id: str, link_id: str) -> None:
        await link_revocation.revoke(self._context, org_id, link_id)

    async def show_branding(self, org_id: str) -> BrandingView:
        return branding_answer(
            await branding.read(self._context, org_id), self._context.config.server.public_url
        ).branding

    async def change_branding(self, org_id: str, change: BrandingPatch) -> BrandingView:
        fetcher = GuardedFetcher(allow_networks(self._context.config.providers.allow_private))
        await fetcher.start()
        try:
            changed = await branding.change(self._context, LogoFetcher(fetcher), org_id, change.change)
        finally:
            await fetcher.close()
        return branding_answer(changed, self._context.config.server.public_url).branding

    async def add_zone(self, org_id: str, name: str) -> ZoneView:
        return zone_view(await zones.add(self._context, org_id, name))

    async def list_zones(self, org_id: str) -> list[ZoneView]:
        page = await _read_all(lambda cursor: zones.list_page(self._context, org_id, cursor=cursor, limit=MAX_LIMIT))
        return zone_list(page).zones

    async def check_zone(self, org_id: str, zone_id: str) -> ZoneView:
        checker = ZoneChecker(self._context, DnsObserver(self._context.config).zones)
        return zone_view((await checker.check_now(self._context, org_id, zone_id, nullcontext())).zone)

    async def remove_zone(self, org_id: str, zone_id: str) -> None:
        await zones.remove(self._context, org_id, zone_id)

    async def list_renewals(self) -> RenewalsView:
        return await renewals.summarize_renewals(self._context)

    async def move_domain(self, org_id: str, name: str) -> DomainView:
        return domain_view(details.describe(self._context, await moves.move(self._context, org_id, name)))

    async def import_domains(
        self, org_id: str, requests: Sequence[DomainRequest], *, dry_run: bool, key: str | None
    ) -> AsyncIterator[AddedLine]:
        if not self._context.config.cloudflare.cname_target:
            message = "cloudflare.cname_target is not set (nor SAAS_CNAME_TARGET): customers' records need a target."
            raise ConfigError([message])
        call = BulkRequest(org_id=org_id, actor=OPERATOR_ACTOR, idempotency_key=key, dry_run=dry_run)
        lines = [validate_line(self._context, number, request) for number, request in enumerate(requests, 1)]
        async for results in BulkAdditions(self._context, call).add_lines(lines):
            for result in results:
                yield added_line(result)


@asynccontextmanager
async def open_local_operations(config: Config, on_created: OnCreated | None) -> AsyncIterator[LocalOperations]:
    """Open the database and hold its lock. Raises DatabaseLocked naming the lock's holder, and StoreError.

    Without `on_created` a missing database is a StoreError, and nothing is written.
    """
    path = config.database.path
    with await _acquire_lock(path, to_seconds(config.database.lock_wait), create=on_created is not None):
        is_new = not _exists(path)  # checked under the lock: a daemon that held it until now may have made the file
        if is_new and on_created is None:
            raise _missing_database(path)
        database = await Database.open(path, readers=_READERS)
        try:
            if is_new and on_created is not None:
                on_created(path)
            operator = Caller(kind=CallerKind.OPERATOR, role=Role.OWNER, id=str(os.getuid()))
            yield LocalOperations(Context(database, Live(config), caller=operator))
        finally:
            await database.close()


async def _acquire_lock(database: Path, wait_s: float, *, create: bool) -> LockFile:
    try:
        path = lock_path(database)
        if not path.parent.is_dir():
            raise StoreError(
                f"The directory {path.parent} of the database is not there: create it for the user that dcvd runs as, "
                "or change database.path."
            )
        existed = _exists(path)
        if not (existed or create or _exists(database)):
            raise _missing_database(database)
        lock = await LockFile.acquire(path, timeout_s=wait_s)
    except PermissionError as error:
        raise _forbidden_database(database) from error
    except StoreError as error:
        if isinstance(error.__cause__, PermissionError):
            raise _forbidden_database(database) from error
        raise
    if not existed:
        adopt_owner(path)
    return lock


async def _read_all(read_page: Callable[[str | None], Awaitable[Page[_T]]]) -> Page[_T]:
    """Read a list to its end, page by page; return it as one page."""
    page = await read_page(None)
    items = list(page.items)
    while page.next_cursor is not None:
        page = await read_page(page.next_cursor)
        items += page.items
    return Page(items, None)


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise
    return True


def _missing_database(database: Path) -> StoreError:
    return StoreError(
        f"There is no database at {database} yet: start the daemon, or create an organization by dcvd org create NAME."
    )


def _forbidden_database(database: Path) -> StoreError:
    return StoreError(
        f"No daemon listens, and you may not use its database {database}: run this with sudo, or as the user that dcvd "
        "runs as."
    )
