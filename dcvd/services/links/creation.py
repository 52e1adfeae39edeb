"""Create links."""

from msgspec import Struct

from dcvd.core.audit import AuditAction
from dcvd.core.callers import CallerKind
from dcvd.core.dns.hostnames import normalise
from dcvd.core.ids import IdPrefix
from dcvd.core.links import Link, LinkPurpose, mint_link_token
from dcvd.core.organizations.quotas import Quota
from dcvd.core.secret import Secret
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.token import hash_token
from dcvd.errors import NotFound
from dcvd.services import audit, reach
from dcvd.services.context import Context
from dcvd.services.links import expiry
from dcvd.services.links.rules import check_return_to, describe_link
from dcvd.services.organizations import quotas
from dcvd.store import domains, links
from dcvd.store.engine.transactions import Snapshot, Transaction


class CreatedLink(Struct, frozen=True):
    """A new link with its token, which is shown once and never stored."""

    link: Link
    token: Secret


async def create(
    context: Context, org_id: str, *, domain_id: str | None, lifetime_ms: int, return_to: str | None = None
) -> CreatedLink:
    """Create a link for a domain of an organization that exists; with None for one whose name the customer types.

    Raises NotFound for a domain that is not the organization's or outside of the caller's reach, InvalidInput for a
    `return_to` that is not allowed, QuotaReached.
    """
    now, caller = context.now(), context.caller
    token = mint_link_token(context.random_bytes)
    link = Link(
        id=context.new_id(IdPrefix.LINK),
        org_id=org_id,
        purpose=LinkPurpose.NEW if domain_id is None else LinkPurpose.SETUP,
        domain_id=domain_id,
        return_to=return_to,
        minted_by=caller.id if caller.kind is CallerKind.TOKEN else None,
        member_id=caller.member_id,
        created_at=now,
        expires_at=_choose_expiry(context, now + lifetime_ms),
    )
    token_hash = hash_token(token.reveal())

    def unit(tx: Transaction) -> CreatedLink:
        if domain_id is not None:
            _check_domain(context, tx, org_id, domain_id)
        check_return_to(context, tx, org_id, return_to)
        quotas.require_room(context, tx, org_id, Quota.LINKS)
        expiry.remove_excess(context, tx, org_id)
        links.insert(tx, link, token_hash)
        audit.record(context, tx, org_id, AuditAction.LINK_CREATED, link.id, after=describe_link(link))
        created = CreatedLink(link, token)
        context.remember_result(tx, lambda: created)
        return created

    return await context.database.write(unit)


async def create_for_operator(
    context: Context, org_id: str, *, domain: str | None, lifetime_ms: int, return_to: str | None = None
) -> CreatedLink:
    """Create a link as `create` does, for a domain that an operator gives by its id or its name."""
    domain_id = domain
    if domain is not None and "." in domain:
        name = normalise(domain, allowed_tlds=context.config.domains.allow_reserved_tlds, field="domain")
        owned = await context.database.read(lambda snapshot: domains.find_owned_by_names(snapshot, org_id, [name]))
        if name not in owned:
            raise NotFound(word("domain_name_unknown", name=name))
        domain_id = owned[name].id
    return await create(context, org_id, domain_id=domain_id, lifetime_ms=lifetime_ms, return_to=return_to)


def _choose_expiry(context: Context, wanted: int) -> int:
    """Return when a link ends: no later than the rights of whoever makes it."""
    own = context.caller.expires_at
    return wanted if own is None else min(wanted, own)


def _check_domain(context: Context, snapshot: Snapshot, org_id: str, domain_id: str) -> None:
    domain = domains.get(snapshot, domain_id)
    if domain is None or domain.org_id != org_id or not reach.covers(context, domain.id, domain.name):
        raise NotFound(word("domain_unknown", domain=domain_id))
