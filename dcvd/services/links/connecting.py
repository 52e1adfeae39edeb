"""Connections to DNS providers that customers make by a link: for its domain alone, and few."""

from typing import Final

from dcvd.core.dns.hostnames import normalise
from dcvd.core.instants import MINUTE, to_seconds
from dcvd.core.sentences.wording import word
from dcvd.errors import Forbidden, QuotaReached, TooManyRequests
from dcvd.services.context import Context
from dcvd.services.links.rules import may_return_to
from dcvd.store import domains
from dcvd.store.connections import connections, oauth_states
from dcvd.store.engine.transactions import Snapshot

MAX_AUTHORIZATIONS: Final = 20
"""Authorizations of one link within the life of a state: one customer must not use up what their organization may."""
MAX_CONNECTIONS: Final = 5
"""Connections that one link makes, of those that are there."""


async def check_authorization(context: Context, org_id: str, domain_name: str | None) -> str | None:
    """Check an authorization that the caller is about to begin; return where the browser goes if they do not say it.

    Only links are limited. Raises Forbidden where the link has no domain yet, or where consent is for another name.
    """
    link = context.caller.link
    if link is None:
        return None

    def query(snapshot: Snapshot) -> tuple[str | None, bool]:
        domain = None if link.domain_id is None else domains.get(snapshot, link.domain_id)
        may_return = link.return_to is not None and may_return_to(context, snapshot, org_id, link.return_to)
        return None if domain is None else domain.name, may_return

    own_name, may_return = await context.database.read(query)
    if own_name is None:
        raise Forbidden(word("link_domain_first"), code="outside_reach")
    if domain_name is not None:
        name = normalise(domain_name, allowed_tlds=context.config.domains.allow_reserved_tlds)
        if name != own_name:
            raise Forbidden(word("link_for_one_name", name=own_name), code="outside_reach")
    return link.return_to if may_return else None


def require_room(snapshot: Snapshot, org_id: str, link_id: str | None) -> None:
    """Raise QuotaReached where a link has made as many connections as it may; None is no link."""
    if link_id is not None and connections.count_of_link(snapshot, org_id, link_id) >= MAX_CONNECTIONS:
        raise QuotaReached(word("link_connections_most", most=MAX_CONNECTIONS))


def check_rate(context: Context, snapshot: Snapshot, org_id: str) -> None:
    """Raise TooManyRequests where the caller's link has begun as many authorizations as it may for now."""
    link = context.caller.link
    if link is None:
        return
    if oauth_states.count_of_bearer(snapshot, org_id, link.id, context.now()) >= MAX_AUTHORIZATIONS:
        raise TooManyRequests(
            word("link_authorizations_most", most=MAX_AUTHORIZATIONS),
            retry_after_s=to_seconds(MINUTE),
        )
