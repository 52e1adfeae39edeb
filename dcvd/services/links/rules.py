"""What holds for a link: how long it works, who may know of it, and where its customers may be sent."""

from typing import Any

from dcvd.core.instants import to_rfc3339
from dcvd.core.links import Link
from dcvd.core.members import may_go_on_writing
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.token import is_expired
from dcvd.errors import InvalidInput, NotFound
from dcvd.services import reach
from dcvd.services.context import Context
from dcvd.store import domains, links, members
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.organizations import branding


def is_in_force(context: Context, snapshot: Snapshot, link: Link, now: int) -> bool:
    """Whether a link works: it has not expired, and the member who made it, if one did, may still write.

    What they made by a token ends with the rights of their membership, in which tokens act.
    """
    if is_expired(link.expires_at, now):
        return False
    if link.member_id is None:
        return True
    member = members.get(snapshot, link.member_id)
    is_of_session = link.minted_by is None
    has_role_by_group = is_of_session and bool(context.config.web_oidc.role_claim)
    return member is not None and may_go_on_writing(member, has_role_by_group=has_role_by_group)


def get_visible(context: Context, snapshot: Snapshot, org_id: str, link_id: str) -> Link:
    """Get an organization's link. Raises NotFound, also for one of a domain outside of the caller's reach."""
    link = links.get(snapshot, link_id)
    if link is None or link.org_id != org_id or not is_visible(context, snapshot, link):
        raise NotFound(word("link_unknown", link=link_id))
    return link


def is_visible(context: Context, snapshot: Snapshot, link: Link) -> bool:
    """Whether the caller may know of a link: whoever is limited to some domains sees the links for no others."""
    if context.caller.domains is None:
        return True
    domain = None if link.domain_id is None else domains.get(snapshot, link.domain_id)
    return domain is not None and reach.covers(context, domain.id, domain.name)


def may_return_to(context: Context, snapshot: Snapshot, org_id: str, url: str) -> bool:
    """Whether customers may be sent to a URL: the operator's configuration has it, or the organization's branding."""
    return url in context.config.oauth.return_to or url == branding.get(snapshot, org_id).return_url


def check_return_to(context: Context, snapshot: Snapshot, org_id: str, url: str | None) -> None:
    """Raise InvalidInput for a URL to which customers may not be sent."""
    if url is not None and not may_return_to(context, snapshot, org_id, url):
        raise InvalidInput(
            "returnTo",
            word("return_to_unusable"),
        )


def describe_link(link: Link) -> dict[str, Any]:
    """Return what an audit shows of a link, without its token."""
    return {
        "purpose": link.purpose.value,
        "domainId": link.domain_id,
        "returnTo": link.return_to,
        "expiresAt": to_rfc3339(link.expires_at),
        "mintedBy": link.minted_by,
        "memberId": link.member_id,
    }
