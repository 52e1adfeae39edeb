"""What operators put right across organizations, by a button each."""

import pytest

from dcvd.core.jobs import JobState
from dcvd.errors import Permanent
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import added, domain, given_up
from tests.served_app.client import Client
from tests.services.views import all_jobs
from tests.web.dashboard.operator.reading import ROOT, press, read, text_of
from tests.web.sign_in.browser import Browser
from tests.web.sign_in.operating import signed_in_operator


async def test_the_dead_jobs_of_one_cause_are_tried_again(
    browser: Browser, owner: Client, context: Context, organization: Organization
) -> None:
    codes = {"a.customer.com": "refused", "b.customer.com": "refused", "c.customer.com": "bad_name"}
    for name in codes:
        await domain(owner, name)
    for job in await all_jobs(context, organization.id):
        await queue.fail(context, job, Permanent("No.", code=codes[job.domain_name or ""]))
    fields = {"kind": "register", "code": "refused"}
    form = await browser.find_form(f"{ROOT}/jobs/requeue", on=f"{ROOT}/jobs")
    assert {name: form[name] for name in fields} == fields, "the cause with most jobs comes first"
    answer = await browser.send(f"{ROOT}/jobs/requeue", form)
    assert answer.headers["Location"] == f"{ROOT}/jobs?done=done_jobs_requeued"
    states = {job.domain_name: job.state for job in await all_jobs(context, organization.id)}
    assert states == {name: JobState.PENDING if code == "refused" else JobState.DEAD for name, code in codes.items()}
    assert "The jobs are tried again." in (await browser.open(answer.headers["Location"])).body.decode()
    assert "1 × Registration at Cloudflare: bad_name" in await read(browser, "/jobs")


async def test_without_a_cause_nothing_is_tried_again(browser: Browser, owner: Client, context: Context) -> None:
    page = await browser.find_form("/sign-out", on=ROOT)
    assert (await browser.send(f"{ROOT}/jobs/requeue", {**page, "kind": "register"})).status == 400


async def test_the_dead_deliveries_of_a_webhook_are_sent_again(
    browser: Browser, owner: Client, context: Context, organization: Organization
) -> None:
    webhook = await added(owner)
    await domain(owner)
    await given_up(context, webhook["id"])
    answer = await press(browser, f"/webhooks/{webhook['id']}/retry-dead", on="/deliveries")
    assert answer.status == 303
    assert "A job sends the dead letters again." in (await browser.open(answer.headers["Location"])).body.decode()
    assert {job.kind for job in await all_jobs(context, organization.id)} == {"register", "replay"}


async def test_a_domain_is_moved_to_another_organization(browser: Browser, owner: Client, stranger: Client) -> None:
    place = f"/domains/{await domain(owner, 'shop.customer.com')}"
    answer = await press(browser, f"{place}/move", on=place, organization="others")
    assert answer.status == 303
    assert "The domain is moved." in (await browser.open(answer.headers["Location"])).body.decode()
    assert [each["domainName"] for each in (await stranger.get("/api/domains")).json["domains"]] == [
        "shop.customer.com"
    ]
    assert (await owner.get("/api/domains")).json["domains"] == []


@pytest.mark.parametrize(("receiver", "words"), [("", "Give the organization"), ("nobody", "no organization")])
async def test_a_domain_is_moved_to_nobody_who_is_not_there(
    browser: Browser, owner: Client, receiver: str, words: str
) -> None:
    place = f"/domains/{await domain(owner, 'shop.customer.com')}"
    answer = await press(browser, f"{place}/move", on=place, organization=receiver)
    assert words.lower() in text_of(answer, status=400).lower()
    assert len((await owner.get("/api/domains")).json["domains"]) == 1


async def test_a_session_of_an_operator_is_ended(browser: Browser, operator: Client, anybody: Client) -> None:
    (own_id,) = await list_session_ids(operator)
    other = await signed_in_operator(operator, anybody)
    (other_id,) = await list_session_ids(operator) - {own_id}
    assert (await read(browser, "/sessions")).count("this browser") == 1
    assert (await press(browser, f"/sessions/{other_id}/end", on="/sessions")).status == 303
    assert await list_session_ids(operator) == {own_id}
    assert (await other.open(ROOT)).status == 303


async def list_session_ids(operator: Client) -> set[str]:
    return {each["id"] for each in (await operator.get("/operator/sessions")).json["sessions"]}
