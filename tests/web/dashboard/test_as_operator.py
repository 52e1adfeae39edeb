"""Operators read and use the pages of an organization below a root of their own."""

import re

import pytest

from dcvd.errors import Permanent
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import queue
from dcvd.services.webhooks import endpoints
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Client
from tests.services.views import all_jobs
from tests.web.sign_in.operating import signed_in_operator


@pytest.mark.parametrize("place", ["/events", "/jobs", "/audit", "/quick-start"])
async def test_no_link_of_a_page_leads_out_of_its_root(
    context: Context, organization: Organization, operator: Client, anybody: Client, place: str
) -> None:
    await endpoints.create(context, organization.id, url="https://hooks.customer.com/", events=["*"])
    domain = await additions.add(context, organization.id, "app.customer.com")
    root = f"/dashboard/organizations/{organization.id}"
    browser = await signed_in_operator(operator, anybody)
    answer = await browser.open(f"{root}{place}")
    assert answer.status == 200
    page = answer.body.decode()
    content = page[page.index("<main") :]
    assert f"{root}/domains/{domain.id}" in content
    led_to = re.findall(r'(?:href|action|hx-get|data-live)="(/[^"]*)"', content)
    assert [each for each in led_to if not each.startswith(root)] == []


async def test_an_operator_tries_a_job_of_an_organization_again(
    context: Context, organization: Organization, operator: Client, anybody: Client
) -> None:
    await additions.add(context, organization.id, "app.customer.com")
    (job,) = await all_jobs(context, organization.id)
    await queue.fail(context, job, Permanent("Cloudflare refuses the name.", code="cloudflare_refused"))
    browser = await signed_in_operator(operator, anybody)
    path = f"/dashboard/organizations/{organization.id}/jobs/{job.id}"
    answer = await browser.press(f"{path}/retry", on=path)
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}?done=done_job_retried")
