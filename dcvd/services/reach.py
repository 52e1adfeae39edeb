"""The reach of callers: whether an object belongs to a domain that they may know of, and which connections they use."""

from dcvd.core.connections.connection import Connection
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.reach import DomainReach
from dcvd.errors import Forbidden, NotFound
from dcvd.services.context import Context
from dcvd.store import domains, events
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.jobs import jobs
from dcvd.store.webhooks import delivery_history


def check_name(reach: DomainReach | None, name: str) -> None:
    """Raise Forbidden for a domain's name outside a caller's reach; None is no limit."""
    if reach is not None and not reach.any_new_name and not reach.covers_name(name):
        raise Forbidden(word("domain_outside_reach", name=name), code="outside_reach")


def covers(context: Context, domain_id: str | None, name: str | None) -> bool:
    """Whether the caller may know of a domain."""
    caller_reach = context.caller.domains
    return caller_reach is None or caller_reach.covers(domain_id, name)


def covers_connection(context: Context, connection: Connection) -> bool:
    """Whether the caller may use a connection of their organization: customers, only those made by their own link."""
    return context.caller.link_id in (None, connection.link_id)


def limit_connection(context: Context, snapshot: Snapshot, connection_id: str | None) -> str | None:
    """Return the id of a domain's or a job's connection, if the caller may know of it."""
    if connection_id is None or context.caller.link is None:
        return connection_id
    connection = connections.get(snapshot, connection_id)
    return connection_id if connection is not None and covers_connection(context, connection) else None


async def check_domain(context: Context, reach: DomainReach, domain_id: str) -> None:
    """Raise NotFound for a domain outside the reach, and for none, as for another organization's."""
    domain = await context.database.read(lambda snapshot: domains.get(snapshot, domain_id))
    if domain is None or not reach.covers(domain.id, domain.name):
        raise NotFound(word("domain_unknown", domain=domain_id))


async def check_job(context: Context, reach: DomainReach, job_id: str) -> None:
    """Raise NotFound for a job about a domain outside the reach, or about none."""
    job = await context.database.read(lambda snapshot: jobs.get(snapshot, job_id))
    if job is None or not reach.covers(job.domain_id, job.domain_name):
        raise NotFound(word("job_unknown", job=job_id))


async def check_delivery(context: Context, reach: DomainReach, delivery_id: str) -> None:
    """Raise NotFound for a delivery of an event about a domain outside the reach, or about none."""

    def query(snapshot: Snapshot) -> bool:
        delivery = delivery_history.find(snapshot, delivery_id)
        return delivery is not None and reach.covers(*events.find_domain(snapshot, delivery.event_id))

    if not await context.database.read(query):
        raise NotFound(word("delivery_unknown", delivery=delivery_id))
