"""Domains as JSON, kept in memory until they change: lists and single ones are read far more often than they change."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.domains.domain import Domain
from dcvd.core.domains.saas_zone import SaasZone
from dcvd.core.lifecycle.registration_queue import QueuePosition, may_be_queued
from dcvd.services.context import Context
from dcvd.services.domains import details, queries
from dcvd.services.domains.details import DomainDetail
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.lifecycle import registration_queue
from dcvd.store import domain_lists, domains
from dcvd.store.engine.kept_rows import Column, KeptRows, Reading
from dcvd.store.engine.paging import Page, build_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot

_MAX_BYTES: Final = 16 * 1024 * 1024
_OVERHEAD_BYTES: Final = 512
"""What a domain takes beside its JSON, or less."""
_MOST_ORGANIZATIONS: Final = 10_000

WriteJson = Callable[[DomainDetail], bytes]


class DomainJson(Struct, frozen=True, kw_only=True):
    """A domain as JSON, and for how long it is that, apart from changes of the domain."""

    org_id: str
    json: bytes
    entity_tag: str
    span: "Span"


class Span(Struct, frozen=True, kw_only=True):
    """Where and when what was written of domains holds. Instants are in milliseconds; `until` None: without an end."""

    saas_zone: SaasZone
    since: int
    until: int | None

    def includes(self, context: Context) -> bool:
        """Whether it is so now."""
        if self.saas_zone is not context.saas_zone.value:
            return False
        now = context.now()
        return self.since <= now and (self.until is None or now < self.until)


class KeptPage(Struct, frozen=True, kw_only=True):
    """A page of domains as JSON. is_current: whether it would be the same now; None where that is not known."""

    page: Page[bytes]
    is_current: Callable[[], bool] | None = None


class _Version:
    """Stands for all domains of an organization as they were at some time."""


class KeptDomains:
    """Keeps the JSON of domains, as everybody in their organization sees it; built once.

    It follows from the row of a domain, from what is known of the operator's zone at Cloudflare, and from the time
    alone, but where the domain has a position in the registration queue: then it is not kept. Customers who come by a
    link see less, and never what is kept.
    """

    def __init__(self, context: Context, max_bytes: int = _MAX_BYTES) -> None:
        # Of a request's own context nothing is kept.
        self._context = context
        self._kept = KeptRows[DomainJson](
            {"domains": ()},
            keyed_by=Column("domains", "id"),
            max_size=max_bytes,
            size_of=lambda kept: len(kept.json) + _OVERHEAD_BYTES,
        )
        self._versions = KeptRows[_Version](
            {"domains": ()}, keyed_by=Column("domains", "org_id"), max_size=_MOST_ORGANIZATIONS
        )
        context.database.keep(self._kept)
        context.database.keep(self._versions)

    async def get(self, context: Context, org_id: str, domain_id: str, write: WriteJson) -> DomainJson:
        """Get a domain by its id. Raises NotFound, also for another organization's."""
        if context.caller.link is not None:
            return _write(context, await details.get(context, org_id, domain_id), write)
        kept = self._find(domain_id)
        if kept is None:
            with self._kept.reading() as reading:
                return _keep(context, reading, await details.get(context, org_id, domain_id), write)
        if kept.org_id != org_id:
            raise queries.build_missing_error(domain_id)
        return kept

    def is_current(self, domain_id: str, found: DomainJson) -> bool:
        """Whether a domain that was got is kept still, and would be the same now."""
        return self._kept.find(domain_id) is found and found.span.includes(self._context)

    async def list_page(
        self, context: Context, org_id: str, query: DomainQuery, write: WriteJson, *, cursor: str | None, limit: int
    ) -> KeptPage:
        """List domains, see `queries.list_page`."""
        if query.asks_for_findings or query.labels or context.caller.domains is not None:
            # Such lists are not walked in the order of an index, and have the rows in hand before they are sorted.
            page = await details.list_page(context, org_id, query, cursor=cursor, limit=limit)
            return KeptPage(page=Page([write(detail) for detail in page.items], page.next_cursor))
        wanted, order, position = query.write_filter(context.now(), reach=None), query.order, decode_cursor(cursor)
        with self._kept.reading() as reading, self._versions.reading() as version_reading:

            def read(snapshot: Snapshot) -> tuple[Page[str], dict[str, DomainJson | Domain], dict[str, QueuePosition]]:
                rows = domain_lists.list_keys(snapshot, org_id, wanted, order, after=position, limit=limit + 1)
                page = build_page([row.id for row in rows], limit, [row.key for row in rows])
                found = self._find_all(reading, page.items)
                missing = domains.find_by_ids(snapshot, [each for each in page.items if each not in found])
                positions = registration_queue.read_positions(context, snapshot, list(missing.values()))
                return page, found | missing, positions

            listed, found, positions = await context.database.read(read)
            written, is_queued = [], False
            for domain_id in listed.items:
                each = found[domain_id]
                if isinstance(each, Domain):
                    is_queued |= may_be_queued(each)
                    each = _keep(context, reading, details.describe(context, each, positions.get(domain_id)), write)
                written.append(each)
            is_current = None if is_queued else self._remember_version(version_reading, org_id, written)
        return KeptPage(page=Page([each.json for each in written], listed.next_cursor), is_current=is_current)

    def _remember_version(
        self, reading: Reading[_Version], org_id: str, written: Sequence[DomainJson]
    ) -> Callable[[], bool] | None:
        """Return what tells whether an organization's domains are as they were when these were read, and say the same.

        No filter of such a list depends on the time: an instant to compare with is a part of it.
        """
        version = self._versions.find(org_id) or _Version()
        if reading.is_outdated(org_id):
            return None
        reading.keep(org_id, version)
        spans, saas_zone = [each.span for each in written], self._context.saas_zone.value
        if any(each.saas_zone is not saas_zone for each in spans):
            # More has become known of the zone since some of them were found.
            return None
        span = Span(
            saas_zone=saas_zone,
            since=max((each.since for each in spans), default=self._context.now()),
            until=min((each.until for each in spans if each.until is not None), default=None),
        )
        return lambda: self._versions.find(org_id) is version and span.includes(self._context)

    def _find(self, domain_id: str) -> DomainJson | None:
        """Find a domain that has been kept and holds now."""
        kept = self._kept.find(domain_id)
        return kept if kept is not None and kept.span.includes(self._context) else None

    def _find_all(self, reading: Reading[DomainJson], domain_ids: list[str]) -> dict[str, DomainJson | Domain]:
        """Find those that have been kept and are as a read sees them, also where others are being changed."""
        found: dict[str, DomainJson | Domain] = {}
        for domain_id in domain_ids:
            kept = self._find(domain_id)
            if kept is not None and not reading.is_outdated(domain_id):
                found[domain_id] = kept
        return found


def _keep(context: Context, reading: Reading[DomainJson], detail: DomainDetail, write: WriteJson) -> DomainJson:
    written = _write(context, detail, write)
    if not may_be_queued(detail.domain):
        reading.keep(detail.domain.id, written)
    return written


def _write(context: Context, detail: DomainDetail, write: WriteJson) -> DomainJson:
    return DomainJson(
        org_id=detail.domain.org_id,
        json=write(detail),
        entity_tag=detail.domain.entity_tag,
        span=Span(
            saas_zone=context.saas_zone.value,
            since=context.now(),
            until=min((each.hurts_at for each in detail.findings if each.hurts_at is not None), default=None),
        ),
    )
