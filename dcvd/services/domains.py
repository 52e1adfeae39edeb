"""Domains, one by one: added, read, removed. What is seen of them comes in through `looks`."""

from msgspec import UNSET

from dcvd.core.additions import Wish
from dcvd.core.domain import Domain, DomainStatus, Validation
from dcvd.core.hostnames import search_prefix
from dcvd.core.timeline import DAEMON
from dcvd.core.written_records import LeftRecord
from dcvd.errors import NotFound
from dcvd.services import additions, removals
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.database import Snapshot, Transaction
from dcvd.store.paging import Page, decode_cursor, page


async def add(
    context: Context,
    org_id: str,
    name: str,
    *,
    validation: Validation | None = None,
    wildcard: bool = False,
    connection_id: str | None = None,
    actor: str = DAEMON,
) -> Domain:
    """A new domain with its `register` job; a wildcard is validated by delegation.

    connection_id: the connection that writes its records, which a `write_dns` job then does at once.
    Raises InvalidInput for what cannot be, Conflict for a name that is taken.
    """
    connection = UNSET if connection_id is None else connection_id
    wish = Wish(domain_name=name, validation=validation, wildcard=wildcard, connection_id=connection)
    addition = additions.check(context, wish)

    def unit(tx: Transaction) -> Domain:
        (verdict,) = additions.judge(context, tx, org_id, [addition])
        if verdict.error is not None:
            raise verdict.error
        assert verdict.domain is not None, "a verdict without an error has a domain"
        additions.store(context, tx, org_id, [verdict.domain], actor=actor)
        return verdict.domain

    return await context.database.write(unit)


async def get(context: Context, org_id: str, domain_id: str) -> Domain:
    """By id. Raises NotFound, also for another organization's."""
    return await context.database.read(lambda snapshot: owned(snapshot, org_id, domain_id))


async def list_page(
    context: Context, org_id: str, *, status: DomainStatus | None, search: str | None, cursor: str | None, limit: int
) -> Page[Domain]:
    """Newest first; with `search` (a prefix of the name or of its registrable part) by name."""
    position = decode_cursor(cursor)
    if search:
        prefix = search_prefix(search)
        rows = await context.database.read(
            lambda snapshot: domains.search(snapshot, org_id, prefix, status=status, after=position, limit=limit + 1)
        )
        return page(rows, limit, [row.name for row in rows])
    rows = await context.database.read(
        lambda snapshot: domains.of_org(snapshot, org_id, status=status, before=position, limit=limit + 1)
    )
    return page(rows, limit, [row.id for row in rows])


async def remove(
    context: Context, org_id: str, domain_id: str, *, remove_records: bool = False, actor: str = DAEMON
) -> tuple[Domain, tuple[LeftRecord, ...]]:
    """Gone here at once; at Cloudflare by a `deregister` job. The domain as it last was, and what it leaves in DNS.

    remove_records: have what we wrote taken out of DNS, by a job too. Raises NotFound.
    """

    def unit(tx: Transaction) -> tuple[Domain, tuple[LeftRecord, ...]]:
        domain = owned(tx, org_id, domain_id)
        left = removals.erase(context, tx, org_id, [domain], remove_records=remove_records, actor=actor)
        return domain, left[domain.id]

    return await context.database.write(unit)


def owned(snapshot: Snapshot, org_id: str, domain_id: str) -> Domain:
    """An organization's domain. Raises NotFound; another organization's looks the same as none."""
    domain = domains.get(snapshot, domain_id)
    if domain is None or domain.org_id != org_id:
        raise NotFound(f"There is no domain {domain_id}.")
    return domain
