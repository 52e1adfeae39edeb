"""Domains as their organization reads them: one, or a page of a list."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.diagnosis.reason import WAITING, find_reason, is_stuck, may_be_stuck_since
from dcvd.core.dns.hostnames import normalise_search
from dcvd.core.domains.domain import Domain, DomainStatus, Finding, FindingActor
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.reach import DomainReach
from dcvd.errors import InvalidInput, NotFound
from dcvd.services import reach
from dcvd.services.context import Context
from dcvd.store import domain_lists, domains
from dcvd.store.domain_lists import DomainFilter, DomainOrder
from dcvd.store.engine.paging import MAX_LIMIT, Page, build_page, decode_cursor, encode_cursor
from dcvd.store.engine.transactions import Snapshot

_BATCH_SIZE: Final = 500
_MAX_BATCHES: Final = 4


async def get(context: Context, org_id: str, domain_id: str) -> Domain:
    """Get a domain by its id. Raises NotFound, also for another organization's."""
    return await context.database.read(lambda snapshot: get_owned(snapshot, org_id, domain_id))


class DomainQuery(Struct, frozen=True, kw_only=True):
    """Which domains a list shows, and in which order; None stands for all.

    finding, actor: only domains with a finding of this code, or one that this actor has to do something about.
    waits_for, is_broken: as in `DomainFilter`.
    reason, awaited, is_stuck: only those that have this reason, whose reason says that they have to act, and that are
    stuck (see `diagnosis.reason`).
    name: only this one, which several organizations may have.
    search: a part of the name; such a list is in the order of names. expires_before: milliseconds. The others are as in
    `DomainFilter`.
    """

    status: DomainStatus | None = None
    is_dormant: bool | None = None
    is_ready: bool | None = None
    finding: str | None = None
    actor: FindingActor | None = None
    expires_before: int | None = None
    connection_id: str | None = None
    external_id: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    reason: str | None = None
    awaited: Awaited | None = None
    is_stuck: bool = False
    waits_for: frozenset[Awaited] | None = None
    is_broken: bool = False
    name: str | None = None
    search: str | None = None
    sort: DomainOrder | None = None

    @property
    def order(self) -> DomainOrder:
        """The order of the list. Raises InvalidInput where another one was asked for together with a search."""
        if not self.search:
            return self.sort or DomainOrder.NEWEST
        if self.sort not in (None, DomainOrder.NAME):
            raise InvalidInput("sort", word("sort_with_search"))
        return DomainOrder.NAME

    def includes(self, domain: Domain, findings: Sequence[Finding], now: int) -> bool:
        """Whether a domain and its findings, most severe first, are such as are asked for."""
        if self.is_stuck or self.reason is not None or self.awaited is not None:
            reason = find_reason(domain)
            if reason is None or (self.is_stuck and not is_stuck(domain, reason, now)):
                return False
            if self.reason not in (None, reason.code) or self.awaited not in (None, reason.actor):
                return False
        return not (self.finding or self.actor) or any(
            self.finding in (None, finding.code) and self.actor in (None, finding.actor) for finding in findings
        )

    @property
    def asks_for_findings(self) -> bool:
        """Whether findings, or the reason that comes of them, decide."""
        return any((self.finding, self.actor, self.is_stuck, self.reason, self.awaited))

    @property
    def _asks_for_unready(self) -> bool:
        """Whether none that is ready can be asked for."""
        return self.is_stuck or self.is_broken or self.waits_for is not None or self.reason == WAITING

    def write_filter(self, now: int, *, reach: DomainReach | None) -> DomainFilter:
        """Return what the database can decide of it, for who may know of the domains within `reach`."""
        return DomainFilter(
            status=self.status,
            is_dormant=self.is_dormant,
            is_ready=False if self._asks_for_unready else self.is_ready,
            connection_id=self.connection_id,
            external_id=self.external_id,
            labels=self.labels,
            expires_before=self.expires_before,
            may_have_findings=bool(self.finding or self.actor) or self.reason not in (None, WAITING),
            stuck_since=may_be_stuck_since(now) if self.is_stuck else None,
            waits_for=self.waits_for,
            is_broken=self.is_broken,
            name=self.name,
            name_part=normalise_search(self.search) if self.search else None,
            reach=reach,
        )


async def list_page(
    context: Context, org_id: str, query: DomainQuery, *, cursor: str | None, limit: int
) -> Page[Domain]:
    """List the domains that the caller may know of, newest first unless the query says otherwise.

    Findings are looked for in some thousand domains at a time: the page may have fewer domains than `limit`, and none
    at all, where it has a next one.

    Raises InvalidInput for a cursor that is none, or of a list in another order.
    """
    order, position = query.order, decode_cursor(cursor)
    if not query.asks_for_findings:
        return await context.database.read(
            lambda snapshot: read_page(context, snapshot, org_id, query, position=position, limit=limit)
        )
    wanted = query.write_filter(context.now(), reach=context.caller.domains)

    async def read(after: str | None, count: int) -> list[Domain]:
        return await context.database.read(
            lambda snapshot: domain_lists.list_page(snapshot, org_id, wanted, order, after=after, limit=count)
        )

    found, now = list[Domain](), context.now()
    for _ in range(_MAX_BATCHES):
        rows = await read(position, _BATCH_SIZE)
        for row in rows:
            if query.includes(row, findings_of(row, now, saas_zone=context.saas_zone.value), now):
                found.append(row)
            position = domain_lists.key_of(row, order)
            if len(found) > limit:
                return build_page(found, limit, [domain_lists.key_of(each, order) for each in found])
        if len(rows) < _BATCH_SIZE:
            return Page(found, None)
    assert position is not None, "a full batch has a last row"
    return Page(found, encode_cursor(position))


async def list_chosen(context: Context, org_id: str, domain_ids: Collection[str]) -> list[Domain]:
    """List those of an organization's domains with these ids that the caller may know of, by name."""
    found = await context.database.read(lambda snapshot: domains.find_by_ids(snapshot, domain_ids))
    owned = [each for each in found.values() if each.org_id == org_id and reach.covers(context, each.id, each.name)]
    return sorted(owned, key=lambda domain: domain.name)


def read_page(
    context: Context, snapshot: Snapshot, org_id: str, query: DomainQuery, *, position: str | None, limit: int
) -> Page[Domain]:
    """Like `list_page`, but inside a larger read, for a query that does not ask for findings.

    position: what the cursor names.
    """
    wanted, order = query.write_filter(context.now(), reach=context.caller.domains), query.order
    rows = domain_lists.list_page(snapshot, org_id, wanted, order, after=position, limit=limit + 1)
    return build_page(rows, limit, [domain_lists.key_of(row, order) for row in rows])


async def iterate_pages(
    context: Context, org_id: str, query: DomainQuery, *, page_size: int = MAX_LIMIT
) -> AsyncIterator[list[Domain]]:
    """Yield all domains, page by page, see `list_page`.

    A domain that stays is yielded once, whatever is added or removed meanwhile.
    """
    cursor: str | None = None
    while True:
        page = await list_page(context, org_id, query, cursor=cursor, limit=page_size)
        if page.items:
            yield page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def get_owned(snapshot: Snapshot, org_id: str, domain_id: str) -> Domain:
    """Get an organization's domain. Raises NotFound, also for another organization's."""
    domain = domains.get(snapshot, domain_id)
    if domain is None or domain.org_id != org_id:
        raise build_missing_error(domain_id)
    return domain


def build_missing_error(domain_id: str) -> NotFound:
    """Build the error for a domain that there is not, or that is another organization's."""
    return NotFound(word("domain_unknown", domain=domain_id))
