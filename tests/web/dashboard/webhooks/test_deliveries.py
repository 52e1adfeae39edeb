"""`/dashboard/deliveries/{id}`: what was sent, what was answered, why it failed, and what to do."""

import html
import json
import re

import pytest

from dcvd.core.http.exchanges import Timings
from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.services.context import Context
from dcvd.services.webhooks.delivery_history import LATEST_ATTEMPTS
from dcvd.store.engine.transactions import Transaction
from tests.api.webhooks.owed import added, domain, given_up, listed, tried
from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser

PLACE = "/dashboard/deliveries"


async def test_a_delivery_is_explained_with_every_attempt_and_its_phases(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner)
    await domain(owner)
    timings = Timings(dns_ms=3, connect_ms=20, tls_ms=31, first_byte_ms=400, total_ms=460)
    [due] = await tried(context, webhook["id"], 401, timings=timings, response_body=b"no such signature")
    answer = await owner_browser.open(f"{PLACE}/{due.id}")
    text = read_text(answer)
    explained = (await owner.get(f"/api/deliveries/{due.id}/explain")).json["explanation"]
    assert explained["sentence"].removesuffix("2027-01-15T08:00:05Z.") + "2027-01-15 08:00 UTC ." in text
    assert "What to do:" in text
    for phase in (
        "DNS: 3 ms", "connect: 20 ms", "TLS: 31 ms", "waiting for the answer: 400 ms", "sending and reading: 6 ms",
    ):  # fmt: skip
        assert phase in text
    assert "no such signature" in text
    page = answer.body.decode()
    widths = [
        float(each) for each in re.findall(r'<rect class="mark-\w+" x="[\d.]+" y="[\d.]+" width="([\d.]+)"', page)
    ]
    assert sum(widths) == pytest.approx(600)
    assert " style=" not in page


async def test_advice_calls_a_button_as_it_is_labelled(owner_browser: Browser, owner: Client, context: Context) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await given_up(context, webhook["id"])
    page = (await owner_browser.open(f"{PLACE}/{due.id}")).body.decode()
    assert f'href="{PLACE}/{due.id}">Send it again</a>' in page
    assert ">Send it again</button>" in page


async def test_the_body_is_shown_pretty_and_to_the_byte_with_a_command_that_repeats_it(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    await added(owner, headers={"X-Key": "s3cret"})
    await domain(owner)
    [delivery] = await listed(owner)
    body = (await owner.get(f"/api/deliveries/{delivery['id']}")).json["delivery"]["body"]
    page = (await owner_browser.open(f"{PLACE}/{delivery['id']}")).body.decode()
    pretty, raw, curl = (html.unescape(each) for each in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL))
    assert raw == body
    assert json.loads(pretty) == json.loads(body)
    assert pretty.count("\n") > 5
    assert curl.startswith("curl -i -X POST https://hooks.customer.com/dcvd -H ")
    assert "webhook-signature: v1," in curl
    assert "X-Key: <value of X-Key>" in curl
    assert "s3cret" not in page


async def test_a_dead_letter_is_sent_again_and_what_waits_is_cancelled(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await given_up(context, webhook["id"])
    path = f"{PLACE}/{due.id}"
    assert f"{path}/cancel" not in (await owner_browser.open(path)).body.decode()
    retried = await owner_browser.press(f"{path}/retry", on=path)
    assert retried.headers["Location"] == f"{path}?done=done_delivery_retried"
    assert [each["status"] for each in await listed(owner)] == ["pending"]
    assert "It is sent now." in read_text(await owner_browser.open(retried.headers["Location"]))
    await owner_browser.press(f"{path}/cancel", on=path)
    assert [each["status"] for each in await listed(owner)] == ["cancelled"]


async def test_what_waits_leads_to_what_it_waits_for(owner_browser: Browser, owner: Client) -> None:
    await added(owner, events=["domain.*"])
    await owner.delete(f"/api/domains/{await domain(owner)}")
    first, second = sorted(await listed(owner), key=lambda shown: shown["sequence"])
    page = (await owner_browser.open(f"{PLACE}/{second['id']}")).body.decode()
    assert f'href="/dashboard/deliveries/{first["id"]}"' in page
    refused = await owner_browser.press(f"{PLACE}/{second['id']}/retry", on=f"{PLACE}/{second['id']}")
    assert refused.status == 409
    assert first["id"] in read_text(refused)


async def test_whoever_is_limited_to_some_domains_sees_their_deliveries_alone(
    owner_browser: Browser, owner: Client, anybody: Client
) -> None:
    await added(owner)
    await domain(owner, "a.customer.com")
    [own] = await listed(owner)
    await domain(owner, "b.customer.com")
    [other] = [each for each in await listed(owner) if each["id"] != own["id"]]
    minted = await owner.post("/api/tokens", {"name": "one", "domains": ["a.customer.com"], "role": "admin"})
    assert minted.status == 201, minted.body
    limited = Browser(anybody)
    assert (await limited.sign_in(minted.json["token"]["token"])).status == 303
    answer = await limited.open(PLACE)
    text = read_text(answer)
    assert "a.customer.com" in text
    assert "b.customer.com" not in text
    assert "/dashboard/webhooks" not in answer.body.decode()
    assert (await limited.open(f"{PLACE}/{own['id']}")).status == 200
    assert (await limited.open(f"{PLACE}/{other['id']}")).status == 404
    assert (await limited.open("/dashboard/webhooks")).status == 403


async def test_whatever_a_receiver_answers_is_shown_as_text(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    hostile = "</pre><script>alert(1)</script>"
    webhook = await added(owner, name=f"x{hostile}")
    await domain(owner)
    headers = {"server": hostile, "content-type": "text/html"}
    [due] = await tried(
        context, webhook["id"], 400, response_body=hostile.encode() + b"\xff\x00", response_headers=headers
    )
    for path in (f"{PLACE}/{due.id}", PLACE, "/dashboard/webhooks", f"/dashboard/webhooks/{webhook['id']}"):
        page = (await owner_browser.open(path)).body.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


async def test_of_a_delivery_that_was_sent_again_and_again_the_latest_attempts_are_shown(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await given_up(context, webhook["id"])
    page = read_text(await owner_browser.open(f"{PLACE}/{due.id}"))
    assert "Attempt 1 " in page
    assert "are shown" not in page

    def fill(tx: Transaction) -> None:
        tx.execute_many(
            "INSERT INTO attempts (delivery_id, number, started_at, total_ms, outcome, response, status_code)"
            " VALUES (?, ?, 1, 1, ?, x'', 500)",
            [(due.id, number, AttemptOutcome.HTTP_ERROR.value) for number in range(100, 301)],
        )

    await context.database.write(fill)
    answer = await owner_browser.open(f"{PLACE}/{due.id}")
    page = read_text(answer)
    assert answer.body.count(b"<article") == LATEST_ATTEMPTS
    assert f"Only the latest {LATEST_ATTEMPTS} are shown." in page
    assert "Attempt 300 " in page
    listed_attempts = (await owner.get(f"/api/deliveries/{due.id}")).json["attempts"]
    assert [each["number"] for each in listed_attempts] == list(range(301 - LATEST_ATTEMPTS, 301))
