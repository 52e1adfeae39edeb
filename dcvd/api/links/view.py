"""Links as JSON."""

from msgspec import UNSET, Struct, UnsetType

from dcvd.core.links import Link, LinkPurpose, LinkStatus, link_path
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.services.links.creation import CreatedLink
from dcvd.store.engine.paging import Page


class LinkView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A link. `token` and `url` are only in the answer that made it.

    `url`: the page on which the customer uses it; absent where the operator has set no `server.public_url`.
    `domainId`: the one domain that it is for; null until the domain of a new one was added.
    `mintedBy`: the id of the token that made it; null where none did. `memberId`: the member whose token that was.
    """

    id: str
    org_id: str
    purpose: LinkPurpose
    status: LinkStatus
    token: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    domain_id: str | None
    return_to: str | None
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None
    minted_by: str | None
    member_id: str | None


class LinkAnswer(Struct, frozen=True):
    link: LinkView


class LinkList(Struct, frozen=True, kw_only=True, rename="camel"):
    links: list[LinkView]
    next_cursor: str | None


def link_view(link: Link, now: int) -> LinkView:
    """Show a link without its token."""
    return build_view(LinkView, link, status=link.find_status(now))


def created_link_answer(created: CreatedLink, public_url: str) -> LinkAnswer:
    """Show a new link with its token, and its page below a URL that may be empty."""
    token = created.token.reveal()
    url = f"{public_url}{link_path(created.link.purpose, token)}" if public_url else UNSET
    return LinkAnswer(build_view(LinkView, created.link, status=LinkStatus.ACTIVE, token=token, url=url))


def link_list(page: Page[Link], now: int) -> LinkList:
    """Show a page of links, without any token."""
    return LinkList(links=[link_view(link, now) for link in page.items], next_cursor=page.next_cursor)
