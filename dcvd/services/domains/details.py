"""Domains with their positions in the registration queue, as each call of their organization answers."""

from msgspec import UNSET, Struct
from msgspec.structs import replace

from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.domain import Domain, Finding
from dcvd.core.lifecycle.registration_queue import QueuePosition
from dcvd.core.sentences.wording import word
from dcvd.errors import Forbidden
from dcvd.kit.limits.admission_limit import AdmissionLimit
from dcvd.services import reach
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.domains.shared_additions import SharedAdditions
from dcvd.services.lifecycle import registration_queue
from dcvd.services.lifecycle.on_demand_checks import OnDemandChecks
from dcvd.services.lifecycle.queue_positions import QueuePositions
from dcvd.store.engine.paging import Page, decode_cursor
from dcvd.store.engine.transactions import Snapshot, Transaction


class DomainDetail(Struct, frozen=True):
    """A domain with its findings, and its position in the registration queue; None when Cloudflare has the hostname."""

    domain: Domain
    findings: tuple[Finding, ...]
    queue_position: QueuePosition | None = None


class SyncResult(Struct, frozen=True):
    """A domain as it is stored, and whether that is what a check of just now observed."""

    detail: DomainDetail
    is_fresh: bool


def describe(context: Context, domain: Domain, queue_position: QueuePosition | None = None) -> DomainDetail:
    """Return a domain with its findings as they are now; customers do not see what its organization attached to it."""
    if context.caller.link is not None:
        domain = replace(domain, external_id=None, labels={})
    return DomainDetail(domain, findings_of(domain, context.now(), saas_zone=context.saas_zone.value), queue_position)


async def add(
    context: Context,
    positions: QueuePositions,
    shared_additions: SharedAdditions,
    org_id: str,
    request: DomainRequest,
    *,
    actor: str,
) -> DomainDetail:
    """Add a domain. Raises what `additions.add` raises; Forbidden for a customer who attaches something to it."""
    if context.caller.link is not None and (request.external_id is not UNSET or request.labels is not UNSET):
        raise Forbidden(word("link_adds_no_labels"), code="link_not_allowed")
    if context.caller.link is None and not context.remembers_result:
        domain = await shared_additions.add(context, org_id, request, actor=actor)
        return describe(context, domain, await positions.find(domain))

    def remember(tx: Transaction, domain: Domain) -> None:
        context.remember_result(
            tx,
            lambda: describe(context, domain, registration_queue.read_positions(context, tx, [domain]).get(domain.id)),
        )

    domain = await additions.add(
        context,
        org_id,
        request.domain_name,
        validation=request.validation,
        wildcard=request.wildcard,
        connection_id=None if request.connection_id is UNSET else request.connection_id,
        external_id=request.external_id,
        labels=request.labels,
        actor=actor,
        in_transaction=remember,
    )
    return describe(context, domain, await positions.find(domain))


async def get(context: Context, org_id: str, domain_id: str) -> DomainDetail:
    """Get a domain by its id. Raises NotFound, also for another organization's."""
    domain, position = await context.database.read(lambda snapshot: _read(context, snapshot, org_id, domain_id))
    return describe(context, domain, position)


def _read(context: Context, snapshot: Snapshot, org_id: str, domain_id: str) -> tuple[Domain, QueuePosition | None]:
    stored = queries.get_owned(snapshot, org_id, domain_id)
    domain = replace(stored, connection_id=reach.limit_connection(context, snapshot, stored.connection_id))
    return domain, registration_queue.read_positions(context, snapshot, [domain]).get(domain.id)


async def list_page(
    context: Context, org_id: str, query: DomainQuery, *, cursor: str | None, limit: int
) -> Page[DomainDetail]:
    """List domains, see `queries.list_page`."""
    if query.asks_for_findings:
        page = await queries.list_page(context, org_id, query, cursor=cursor, limit=limit)
        positions = await registration_queue.find_positions(context, page.items)
    else:
        after = decode_cursor(cursor)
        page, positions = await context.database.read(
            lambda snapshot: _read_page(context, snapshot, org_id, query, after, limit)
        )
    return Page([describe(context, domain, positions.get(domain.id)) for domain in page.items], page.next_cursor)


def _read_page(
    context: Context, snapshot: Snapshot, org_id: str, query: DomainQuery, position: str | None, limit: int
) -> tuple[Page[Domain], dict[str, QueuePosition]]:
    page = queries.read_page(context, snapshot, org_id, query, position=position, limit=limit)
    return page, registration_queue.read_positions(context, snapshot, page.items)


async def sync(
    context: Context, checks: OnDemandChecks, limit: AdmissionLimit, org_id: str, domain_id: str, *, actor: str
) -> SyncResult:
    """Check a domain now, as far as `limit` and the time allow. Raises NotFound, also for another organization's."""
    domain = await queries.get(context, org_id, domain_id)
    is_fresh = await checks.check(
        domain,
        limit.admit(org_id, context.caller.link_id),
        request="sync",
        actor=actor,
        request_id=context.caller.request_id,
    )
    return SyncResult(await get(context, org_id, domain_id), is_fresh)
