"""What tenants, receivers and providers say is text on the operator's pages, too."""

from typing import Final

from dcvd.core.ids import IdPrefix
from dcvd.errors import Permanent
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import added, domain, given_up
from tests.served_app.client import Client
from tests.services.views import all_jobs
from tests.web.dashboard.operator.reading import ROOT
from tests.web.sign_in.browser import Browser

HOSTILE: Final = "\"'><img src=x onerror=alert(1)>"
PAGES: Final = (
    "",
    "/organizations",
    "/domains",
    "/webhooks",
    "/deliveries",
    "/events",
    "/connections",
    "/jobs",
    "/audit",
)


async def test_it_is_escaped_on_every_page(
    browser: Browser, owner: Client, context: Context, organization: Organization
) -> None:
    await organizations.change(context, organization.id, name=HOSTILE)
    webhook = await added(owner, name=HOSTILE)
    domain_id = await domain(owner)
    await given_up(context, webhook["id"])
    (job,) = await all_jobs(context, organization.id)
    await queue.fail(context, job, Permanent(HOSTILE, code=HOSTILE))
    query = f"?search={context.new_id(IdPrefix.DOMAIN)}%22%3E%3Cimg&organization="
    shown = 0
    for place in (*PAGES, f"/organizations/{organization.id}", f"/domains/{domain_id}", f"/domains{query}"):
        body = (await browser.open(f"{ROOT}{place}")).body
        assert b"<img" not in body, place
        shown += b"&lt;img src=x onerror=alert(1)&gt;" in body
    assert shown >= 8
