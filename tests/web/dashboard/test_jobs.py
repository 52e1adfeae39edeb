"""`/dashboard/jobs`."""

import re
from html import unescape

import pytest

from dcvd.core.jobs import Job
from dcvd.errors import Permanent, Retryable
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import queue
from dcvd.store.organizations.organizations import Organization
from tests.services.views import all_jobs
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser


@pytest.fixture
async def job(context: Context, organization: Organization) -> Job:
    """The job that registers a domain which was just added."""
    await additions.add(context, organization.id, "app.customer.com")
    (found,) = await all_jobs(context, organization.id)
    return found


async def test_a_job_is_shown_with_its_domain_its_attempts_and_what_went_wrong(
    context: Context, owner_browser: Browser, job: Job
) -> None:
    await queue.fail(context, job, Retryable("It <b>hiccuped</b>.", code="odd"))
    answer = await owner_browser.open("/dashboard/jobs")
    text = read_text(answer)
    assert "Registration at Cloudflare app.customer.com pending 1 2027-01-15 08:00 UTC It <b>hiccuped</b>." in text
    assert f'href="/dashboard/domains/{job.domain_id}"' in answer.body.decode()
    assert "by cause" not in text
    assert "/retry" not in answer.body.decode()


async def test_what_was_noted_is_quoted_beside_what_its_code_means_in_the_language_of_the_page(
    context: Context, owner_browser: Browser, job: Job
) -> None:
    await queue.fail(context, job, Permanent("Token is odd."))
    for path in ("/dashboard/jobs", f"/dashboard/jobs/{job.id}"):
        answer = await owner_browser.open(path, **{"Accept-Language": "de"})
        assert "Der andere Dienst hat es abgelehnt. Token is odd." in read_text(answer)
        assert 'lang="en">Token is odd.</' in answer.body.decode()


async def test_jobs_are_filtered(context: Context, organization: Organization, owner_browser: Browser) -> None:
    for name in ("a.customer.com", "b.customer.com"):
        await additions.add(context, organization.id, name)
    first, second = sorted(await all_jobs(context, organization.id), key=lambda job: job.domain_name or "")
    await queue.fail(context, first, Permanent("It is refused.", code="refused"))
    for query, names in (
        ("status=dead", {first.domain_name}),
        ("status=pending&kind=register", {second.domain_name}),
        ("kind=write_dns", set()),
        ("status=dead&error=refused", {first.domain_name}),
        ("status=dead&error=taken", set()),
    ):
        page = (await owner_browser.open(f"/dashboard/jobs?{query}")).body.decode()
        assert set(re.findall(r">(\w\.customer\.com)</a></td>", page)) == names, query
    assert (await owner_browser.open("/dashboard/jobs?status=odd")).status == 400


async def test_a_dead_job_stands_below_its_cause_and_is_tried_again(
    context: Context, organization: Organization, owner_browser: Browser, member_browser: Browser, job: Job
) -> None:
    await queue.fail(context, job, Permanent("Cloudflare refuses the name.", code="cloudflare_refused"))
    answer = await owner_browser.open("/dashboard/jobs")
    assert "1 job cloudflare_refused Cloudflare refuses the name." in read_text(answer)
    cause = re.search(r'href="(/dashboard/jobs\?status=dead[^"]*)"', answer.body.decode())
    assert cause is not None
    assert "app.customer.com" in read_text(await owner_browser.open(unescape(cause[1])))
    assert "/retry" not in (await member_browser.open("/dashboard/jobs")).body.decode()
    path = f"/dashboard/jobs/{job.id}"
    pressed = await owner_browser.press(f"{path}/retry", on="/dashboard/jobs")
    assert (pressed.status, pressed.headers["Location"]) == (303, f"{path}?done=done_job_retried")
    shown = read_text(await owner_browser.open(pressed.headers["Location"]))
    assert "The job is tried again now." in shown
    assert "Status pending" in shown
    assert (await queue.get(context, organization.id, job.id)).attempts == 0


async def test_a_job_that_is_done_is_not_tried_again(context: Context, owner_browser: Browser, job: Job) -> None:
    form = await owner_browser.find_form(f"/dashboard/jobs/{job.id}/retry", on=f"/dashboard/jobs/{job.id}")
    await queue.complete(context, job)
    answer = await owner_browser.send(f"/dashboard/jobs/{job.id}/retry", form)
    assert answer.status == 409
    assert "there is nothing to retry" in read_text(answer)
    assert "/retry" not in (await owner_browser.open(f"/dashboard/jobs/{job.id}")).body.decode()
