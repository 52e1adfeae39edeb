"""Pages name objects that are gone, in events, jobs and the audit; no link on any page leads to one of them."""

import re
from collections import deque
from html import unescape
from typing import Final

from dcvd.services.context import Context
from tests.api.webhooks.owed import added, domain, given_up
from tests.served_app.client import Client
from tests.web.sign_in.browser import Browser
from tests.web.sign_in.operating import signed_in_operator

_LINK: Final = re.compile(r'<a (?![^>]*\bdownload\b)[^>]*href="(/dashboard[^"#]*)')


async def test_of_what_was_removed_no_page_has_a_link_that_is_dead(
    owner: Client, operator: Client, anybody: Client, owner_browser: Browser, context: Context
) -> None:
    await remove_one_of_each(owner, context)
    await require_open_links(owner_browser, "/dashboard")
    await require_open_links(await signed_in_operator(operator, anybody), "/dashboard/operator")


async def remove_one_of_each(owner: Client, context: Context) -> None:
    """Have a domain with its events, jobs and deliveries, a webhook, a token and a member, and remove them."""
    kept = await added(owner)
    removed = await added(owner, url="https://removed.example/hook")
    domain_id = await domain(owner)
    await given_up(context, kept["id"])
    await given_up(context, removed["id"])
    token = await owner.post("/api/tokens", {"name": "removed", "role": "member"})
    invited = await owner.post("/api/members", {"address": "removed@acme.example"})
    for path in (
        f"webhooks/{removed['id']}",
        f"tokens/{token.json['token']['id']}",
        f"members/{invited.json['member']['id']}",
        f"domains/{domain_id}",
    ):
        answer = await owner.delete(f"/api/{path}")
        assert answer.status < 300, (path, answer.body)


async def require_open_links(browser: Browser, root: str) -> None:
    """Open each page below a root to which a link leads."""
    waiting, seen = deque([root]), {root}
    while waiting:
        place = waiting.popleft()
        answer = await browser.open(place)
        assert answer.status == 200, place
        for link in map(unescape, _LINK.findall(answer.body.decode())):
            if link.startswith(root) and link not in seen:
                seen.add(link)
                waiting.append(link)
    assert len(seen) > 10, seen
