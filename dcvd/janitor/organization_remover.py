"""Delete organizations: step by step, each in a transaction of its own, and from any step on after a stop.

What stands outside goes first: custom hostnames at Cloudflare, and tokens at DNS providers. The organization's row goes
last, once nothing else of its own is stored.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from dcvd.core.audit import AuditAction
from dcvd.core.jobs import JobState
from dcvd.core.timeline import OPERATOR_ACTOR
from dcvd.errors import NotConfigured, NotFound, StoreError
from dcvd.kit.limits.batch_sizer import BatchSizer
from dcvd.services import audit
from dcvd.services.connections import removal
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.lifecycle.claim_endings import erase_domains
from dcvd.services.lifecycle.remedy_jobs import DEREGISTER
from dcvd.services.webhooks import endpoints as endpoint_service
from dcvd.services.zones import registry as zone_registry
from dcvd.store import domain_lists, zones
from dcvd.store.connections import connections, pending_revocations
from dcvd.store.domain_lists import DomainFilter
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.jobs import jobs
from dcvd.store.organizations import data as organization_data
from dcvd.store.organizations import organizations
from dcvd.store.organizations.data import OwnedTable
from dcvd.store.webhooks import endpoints

log = structlog.get_logger(__name__)

_INTERVAL_S: Final = 5.0
"""Seconds between two looks at what a deletion waits for."""
_BATCH_PAUSE_S: Final = 0.02
_PAGE_SIZE: Final = 100
_MIN_BATCH_SIZE: Final = 5
_MAX_BATCH_SIZE: Final = 1000


class OrganizationRemover:
    """Deletes the organizations whose deletion has begun, until it is cancelled."""

    def __init__(self, context: Context, access: ProviderAccess, *, interval_s: float = _INTERVAL_S) -> None:
        self._context = context
        self._access = access
        self._interval_s = interval_s
        self._begun = context.database.listen(Topic.ORGANIZATIONS)
        self._reported_ids: set[str] = set()

    async def run(self) -> None:
        """Run until cancelled; a round that fails at the database is made again."""
        while True:
            self._begun.clear()
            try:
                remaining_count = await self.run_once()
            except StoreError as error:
                log.warning("organization.deletion_failed", error=error.message)
                remaining_count = 1
            if remaining_count:
                await asyncio.sleep(self._interval_s)
            else:
                await self._begun.wait()

    async def run_once(self) -> int:
        """Go on with every deletion as far as it goes now; return how many organizations are left to be deleted."""
        remaining_count = 0
        for org_id in await self._context.database.read(organizations.list_deleting):
            if not await self._advance(org_id):
                remaining_count += 1
        return remaining_count

    async def _advance(self, org_id: str) -> bool:
        """Go on with one deletion; return whether it is done."""
        # Endpoints first, so that nobody is sent the end of each domain.
        await self._remove_endpoints(org_id)
        # What comes next may wait for long: until then the organization must not keep names from others.
        await self._remove_zones(org_id)
        await self._remove_domains(org_id)
        await self._remove_connections(org_id)
        if await self._context.database.read(lambda snapshot: self._has_to_wait(snapshot, org_id)):
            return False
        for table in organization_data.OWNED_TABLES:
            await self._delete_rows(table, org_id)
        return await self._delete_row(org_id)

    async def _remove_endpoints(self, org_id: str) -> None:
        while True:
            page = await self._context.database.read(
                lambda snapshot: endpoints.list_of_org(snapshot, org_id, before=None, limit=_PAGE_SIZE)
            )
            for endpoint in page:
                try:
                    await endpoint_service.remove(self._context, org_id, endpoint.id)
                except NotFound:
                    continue
            if not page:
                return

    async def _remove_zones(self, org_id: str) -> None:
        def erase_batch(tx: Transaction, size: int) -> int:
            batch = zones.list_of_org(tx, org_id, before=None, limit=size)
            for zone in batch:
                zone_registry.erase(self._context, tx, zone)
            return len(batch)

        await self._repeat(erase_batch)

    async def _remove_domains(self, org_id: str) -> None:
        def erase_batch(tx: Transaction, size: int) -> int:
            batch = domain_lists.list_page(tx, org_id, DomainFilter(), after=None, limit=size)
            erase_domains(self._context, tx, org_id, batch, actor=OPERATOR_ACTOR)
            return len(batch)

        await self._repeat(erase_batch)

    async def _remove_connections(self, org_id: str) -> None:
        while True:
            page = await self._context.database.read(
                lambda snapshot: connections.list_of_org(snapshot, org_id, before=None, limit=_PAGE_SIZE)
            )
            for connection in page:
                await self._remove_connection(org_id, connection.id)
            if not page:
                return

    async def _remove_connection(self, org_id: str, connection_id: str) -> None:
        try:
            await removal.disconnect(self._context, self._access, org_id, connection_id, actor=OPERATOR_ACTOR)
        except NotFound:
            return
        except NotConfigured as error:
            # Without the key nobody can read the credentials, so nobody can revoke them either.
            log.warning("connection.not_revoked", connection_id=connection_id, code=error.code, error=error.message)
            await self._context.database.write(lambda tx: connections.delete(tx, connection_id))

    def _has_to_wait(self, snapshot: Snapshot, org_id: str) -> bool:
        """Whether something outside is still to be done, which jobs and the maintenance of connections do."""
        dead_count = jobs.count_of_kind(snapshot, org_id, DEREGISTER.name, JobState.DEAD, _PAGE_SIZE)
        if dead_count and org_id not in self._reported_ids:
            self._reported_ids.add(org_id)
            log.error("organization.hostnames_left", org_id=org_id, count=dead_count)
        is_pending = jobs.count_of_kind(snapshot, org_id, DEREGISTER.name, JobState.PENDING, 1) > 0
        return bool(dead_count) or is_pending or pending_revocations.exists_of_org(snapshot, org_id)

    async def _delete_rows(self, table: OwnedTable, org_id: str) -> None:
        await self._repeat(lambda tx, size: organization_data.delete_batch(tx, table, org_id, size))

    async def _repeat(self, step: Callable[[Transaction, int], int]) -> None:
        """Do steps of a size that keeps the writer for some milliseconds only, until nothing is left for the next."""
        batch_sizer = BatchSizer(min_size=_MIN_BATCH_SIZE, max_size=_MAX_BATCH_SIZE)
        while True:
            count = await self._context.database.write(lambda tx: batch_sizer.run_step(lambda size: step(tx, size)))
            if not count:
                return
            await asyncio.sleep(_BATCH_PAUSE_S)

    async def _delete_row(self, org_id: str) -> bool:
        """Delete the organization's row, unless something was stored for it meanwhile."""

        def unit(tx: Transaction) -> bool:
            if organization_data.find_leftover(tx, org_id) is not None:
                return False
            audit.record(self._context, tx, None, AuditAction.ORGANIZATION_DELETED, org_id)
            organizations.delete(tx, org_id)
            return True

        is_done = await self._context.database.write(unit)
        if is_done:
            self._reported_ids.discard(org_id)
            log.info("organization.deleted", org_id=org_id)
        return is_done
