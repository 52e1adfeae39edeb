"""The page of a domain: the verdict, its lights, what it comes from, and what can be done."""

import re

import pytest
from msgspec.structs import replace

from dcvd.core.dns.facts import ResolverAnswer, ServerAnswer
from dcvd.core.jobs import JobState
from dcvd.errors import Permanent, Retryable
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.lifecycle.remedy_jobs import REGISTER
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction
from dcvd.store.jobs import jobs
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Client
from tests.served_app.stand_ins import FakeLooker, FakeObserver
from tests.web.connect.visitor import read_text
from tests.web.dashboard.domains.standing import ELSEWHERE, add, add_broken, add_working
from tests.web.sign_in.browser import Browser


@pytest.fixture
async def org_id(organization: Organization) -> str:
    return organization.id


async def test_the_verdict_stands_in_a_line_with_its_lights_and_its_evidence(
    owner_browser: Browser, context: Context, org_id: str
) -> None:
    domain_id = await add_broken(context, org_id, "shop.customer.com")
    page = await owner_browser.open(f"/dashboard/domains/{domain_id}")
    text = read_text(page)
    assert re.search(rf"Does not work since [0-9: -]+ UTC : Its CNAME was changed to {ELSEWHERE}\.", text), text
    for part in (
        "The domain's owner has to act.",
        "DNS does not lead here",
        "Certificate is valid",
        "Traffic does not arrive",
        "cname_wrong_target",
        "What was seen",
        "CNAME",
        "edge.example.net",
        "GoogleTrustServices",
        "A check found something new",
    ):
        assert part in text, part


async def test_a_domain_that_works_says_since_when(owner_browser: Browser, context: Context, org_id: str) -> None:
    domain_id = await add_working(context, org_id, "shop.customer.com")
    text = read_text(await owner_browser.open(f"/dashboard/domains/{domain_id}"))
    for part in ("Works since", "DNS leads here", "Certificate is valid", "Traffic arrives by https"):
        assert part in text, part


async def test_what_a_tenant_attached_to_it_is_shown_as_text(
    owner_browser: Browser, owner: Client, context: Context, org_id: str
) -> None:
    domain_id = await add(context, org_id, "shop.customer.com")
    change = {"externalId": "<b>42</b>", "labels": {"tier": "<img src=x>"}}
    assert (await owner.patch(f"/api/domains/{domain_id}", change)).status == 200
    page = await owner_browser.open(f"/dashboard/domains/{domain_id}")
    assert "&lt;b&gt;42&lt;/b&gt;" in page.body.decode()
    assert "<img" not in page.body.decode()
    assert "Label tier" in read_text(page)


async def test_a_check_is_made_and_the_page_says_so(
    owner_browser: Browser, context: Context, org_id: str, looker: FakeLooker
) -> None:
    domain_id = await add(context, org_id, "shop.customer.com")
    place = f"/dashboard/domains/{domain_id}"
    answer = await owner_browser.press(f"{place}/check", on=place)
    assert (answer.status, answer.headers["Location"]) == (303, f"{place}?done=done_domain_checked")
    assert looker.looked == [domain_id]
    assert "The domain was checked." in read_text(await owner_browser.open(answer.headers["Location"]))
    looker.raises = Retryable("Cloudflare does not answer.")
    late = await owner_browser.press(f"{place}/check", on=place)
    assert late.headers["Location"].endswith("done_domain_checked_later")


async def test_what_every_server_says_is_asked_for_when_somebody_wants_it(
    owner_browser: Browser, context: Context, org_id: str, observer: FakeObserver
) -> None:
    domain_id = await add(context, org_id, "shop.customer.com")
    page = await owner_browser.open(f"/dashboard/domains/{domain_id}")
    assert f'hx-get="/dashboard/domains/{domain_id}/answers"' in page.body.decode()
    assert observer.asked == []
    observer.sees = {
        "exists": True,
        "chain": (ELSEWHERE,),
        "servers": (
            ServerAnswer(
                name="ns1.customer.com", address="192.0.2.1", outcome="answered", exists=True, cname=ELSEWHERE
            ),
            ServerAnswer(name="ns2.customer.com", address="192.0.2.2", outcome="timeout"),
        ),
        "resolvers": (ResolverAnswer(address="192.0.2.53", outcome="answered"),),
    }
    answers = await owner_browser.open(f"/dashboard/domains/{domain_id}/answers")
    text = read_text(answers)
    for part in ("ns1.customer.com 192.0.2.1", f"CNAME {ELSEWHERE}", "ns2.customer.com", "timeout", "NXDOMAIN"):
        assert part in text, part
    inner = await owner_browser.open(f"/dashboard/domains/{domain_id}/answers", **{"HX-Request": "true"})
    assert b"<html" not in inner.body


async def test_its_history_has_pages(owner_browser: Browser, context: Context, org_id: str) -> None:
    domain_id = await add_broken(context, org_id, "shop.customer.com")
    page = await owner_browser.open(f"/dashboard/domains/{domain_id}/history")
    assert "Its status turned from" in read_text(page)
    german = {"Accept-Language": "de"}
    for place in ("", "/history"):
        told = read_text(await owner_browser.open(f"/dashboard/domains/{domain_id}{place}", **german))
        assert "Ihr Status wechselte von" in told, place
        assert "Its status turned from" not in told, place


async def test_a_registration_that_was_given_up_is_tried_again(
    owner_browser: Browser, member_browser: Browser, context: Context, org_id: str
) -> None:
    domain_id = await add(context, org_id, "shop.customer.com")
    job = await context.database.read(lambda snapshot: jobs.find_pending_of_domain(snapshot, domain_id, REGISTER.name))
    assert job is not None
    await queue.fail(context, job, Permanent("Cloudflare refused <it>.", code="1409"))
    place = f"/dashboard/domains/{domain_id}"
    page = await owner_browser.open(place)
    assert "Cloudflare refused &lt;it&gt;." in page.body.decode()
    assert "Register again" not in read_text(await member_browser.open(place))
    answer = await owner_browser.press(f"/dashboard/domains/register/{job.id}", on=place)
    assert answer.headers["Location"] == f"{place}?done=done_domain_registered"
    again = await context.database.read(lambda snapshot: jobs.get(snapshot, job.id))
    assert again is not None
    assert again.state is JobState.PENDING


async def test_it_is_removed_after_a_question_and_what_is_left_in_dns_is_said(
    owner_browser: Browser, context: Context, org_id: str
) -> None:
    domain_id = await add_working(context, org_id, "shop.customer.com")
    place = f"/dashboard/domains/{domain_id}"
    page = await owner_browser.open(place)
    assert "Also remove from DNS" in read_text(page)
    assert "Also remove the hostname at Cloudflare" not in read_text(page)
    answer = await owner_browser.press(f"{place}/remove", on=place)
    assert answer.status == 200
    assert "shop.customer.com is removed" in read_text(answer)
    assert "CNAME shop edge.example.net" in read_text(answer)
    assert (await owner_browser.open(place)).status == 404
    history = await owner_browser.open(f"{place}/history")
    assert "removed the domain" in read_text(history)
    assert f'href="{place}"' not in history.body.decode()


async def test_a_hostname_that_is_only_read_stays_unless_somebody_asks_for_more(
    owner_browser: Browser, context: Context, org_id: str
) -> None:
    domain_id = await add_working(context, org_id, "shop.customer.com")
    place = f"/dashboard/domains/{domain_id}"

    def unit(tx: Transaction) -> None:
        domain = domains.get(tx, domain_id)
        assert domain is not None
        domains.update(tx, replace(domain, read_only="custom_certificate"))

    await context.database.write(unit)
    assert "Also remove the hostname at Cloudflare" in read_text(await owner_browser.open(place))
    assert "Its hostname stays at Cloudflare" in read_text(await owner_browser.press(f"{place}/remove", on=place))


async def test_another_organizations_domain_is_not_there(
    owner_browser: Browser, context: Context, stranger: Client
) -> None:
    added = await stranger.post("/api/domains", {"domainName": "shop.customer.com"})
    domain_id = added.json["domain"]["id"]
    for place in ("", "/history", "/answers", "/changes"):
        assert (await owner_browser.open(f"/dashboard/domains/{domain_id}{place}")).status == 404
