"""The one domain that may be added by a link."""

from dcvd.core.callers import CallerKind
from dcvd.core.domains.domain import Domain
from dcvd.core.links import LinkPurpose
from dcvd.core.sentences.wording import word
from dcvd.errors import Conflict
from dcvd.services.context import Context
from dcvd.store import domains, links
from dcvd.store.engine.transactions import Transaction


def find_added(context: Context, tx: Transaction, name: str) -> Domain | None:
    """Find the domain with this name that the caller's link has added already: the answer to a repeat.

    None where the caller has no link, or it has added nothing yet. Raises Conflict where it added another domain.
    """
    if context.caller.kind is not CallerKind.LINK:
        return None
    link = links.get(tx, context.caller.id)
    if link is None or link.purpose is not LinkPurpose.NEW or link.domain_id is None:
        return None
    domain = domains.get(tx, link.domain_id)
    if domain is not None and domain.name == name:
        return domain
    raise Conflict(word("link_used"), code="link_used")


def bind(context: Context, tx: Transaction, domain: Domain) -> None:
    """Make the caller's link, if they came by one, the link for the domain that it added in this transaction."""
    if context.caller.kind is CallerKind.LINK:
        links.set_domain(tx, context.caller.id, domain.id)
