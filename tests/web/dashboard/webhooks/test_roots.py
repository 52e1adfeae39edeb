"""The same pages for operators who act for an organization, and in German."""

import re

from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import added, domain, given_up
from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser
from tests.web.sign_in.operating import signed_in_operator


async def test_an_operator_sees_them_below_their_own_root_and_no_link_leads_out_of_it(
    owner: Client, operator: Client, anybody: Client, context: Context, organization: Organization
) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await given_up(context, webhook["id"])
    browser = await signed_in_operator(operator, anybody)
    root = f"/dashboard/organizations/{organization.id}"
    for place in ("/webhooks", f"/webhooks/{webhook['id']}", "/deliveries", f"/deliveries/{due.id}"):
        answer = await browser.open(f"{root}{place}")
        assert answer.status == 200, place
        links = re.findall(r'(?:href|action|hx-get|data-live)="(/dashboard[^"]*)"', answer.body.decode())
        assert links
        assert [link for link in links if not link.startswith((root, "/dashboard/operator"))] == []
    path = f"{root}/deliveries/{due.id}"
    assert (await browser.press(f"{path}/retry", on=path)).headers["Location"] == f"{path}?done=done_delivery_retried"


async def test_they_are_in_german(owner_browser: Browser, owner: Client, context: Context) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await given_up(context, webhook["id"])
    for place, words in (
        ("webhooks", "Unzustellbar: 1"),
        (f"webhooks/{webhook['id']}", "0 % der Versuche gelangen"),
        ("deliveries", "Jede ist ein Ereignis für einen Endpunkt."),
        (f"deliveries/{due.id}", "Warten auf die Antwort"),
    ):
        assert words in read_text(await owner_browser.open(f"/dashboard/{place}?lang=de")), place
