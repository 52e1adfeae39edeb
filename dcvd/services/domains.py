"""Domains: added, listed, removed. What is seen of them comes in through `looks`."""

from dcvd.core import lifecycle
from dcvd.core.domain import Domain, DomainStatus, new_domain
from dcvd.core.hostnames import normalise, search_prefix
from dcvd.core.ids import Prefix
from dcvd.core.jobs import JobKind
from dcvd.core.timeline import DAEMON
from dcvd.errors import Conflict, InvalidInput, NotFound
from dcvd.services import events, jobs, timeline
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.database import Snapshot, Transaction
from dcvd.store.paging import Page, decode_cursor, page


async def add(context: Context, org_id: str, text: str, *, actor: str = DAEMON) -> Domain:
    """A new domain with its `register` job. Raises InvalidInput for a bad name, Conflict for one that is taken."""
    name = normalise(text, allowed_tlds=context.config.domains.allow_reserved_tlds)
    target = context.config.cloudflare.cname_target
    if name == target or name.endswith(f".{target}"):
        message = f"{name} belongs to this service itself: customers point their names to {target}."
        raise InvalidInput("domainName", message, code="hostname_invalid")
    domain = new_domain(
        domain_id=context.new_id(Prefix.DOMAIN),
        org_id=org_id,
        name=name,
        cname_target=target,
        now=context.now(),
    )

    def unit(tx: Transaction) -> Domain:
        holder = domains.by_name(tx, name)
        if holder is not None:
            raise _taken(name, holder, org_id)
        domains.insert(tx, domain)
        timeline.requested(context, tx, domain, actor=actor, what="added")
        jobs.enqueue_for(context, tx, JobKind.REGISTER, domain)
        events.record(context, tx, org_id, [lifecycle.added(domain)])
        return domain

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


async def remove(context: Context, org_id: str, domain_id: str, *, actor: str = DAEMON) -> None:
    """Gone here at once; at Cloudflare by a `deregister` job. Raises NotFound."""

    def unit(tx: Transaction) -> None:
        domain = owned(tx, org_id, domain_id)
        timeline.requested(context, tx, domain, actor=actor, what="removed")
        jobs.abandon(context, tx, domain)
        domains.delete(tx, domain.id)
        jobs.enqueue_for(context, tx, JobKind.DEREGISTER, domain)
        events.record(context, tx, org_id, [lifecycle.removed(domain)])

    await context.database.write(unit)


def owned(snapshot: Snapshot, org_id: str, domain_id: str) -> Domain:
    """An organization's domain. Raises NotFound; another organization's looks the same as none."""
    domain = domains.get(snapshot, domain_id)
    if domain is None or domain.org_id != org_id:
        raise NotFound(f"There is no domain {domain_id}.")
    return domain


def _taken(name: str, holder: Domain, org_id: str) -> Conflict:
    if holder.org_id == org_id:
        return Conflict(f"{name} is already one of your domains.", code="domain_exists", existing_id=holder.id)
    return Conflict(f"{name} is in use by another customer of this service.", code="domain_taken")
