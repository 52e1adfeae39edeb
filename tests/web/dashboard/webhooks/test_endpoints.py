"""`/dashboard/webhooks`: endpoints are added, looked at, changed and tried by people."""

import re

from dcvd.services.context import Context
from tests.api.webhooks.owed import URL, added, domain, given_up, listed, tried
from tests.manual_clock import ManualClock
from tests.served_app.client import Answer, Client
from tests.served_app.stand_ins import FakeProber
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser

PLACE = "/dashboard/webhooks"


async def shown(browser: Browser, path: str = PLACE) -> str:
    answer = await browser.open(path)
    assert answer.status == 200, answer.body
    return read_text(answer)


async def replays(client: Client) -> list[dict[str, object]]:
    return [job for job in (await client.get("/api/jobs")).json["jobs"] if job["kind"] == "replay"]


def leads_to(answer: Answer, place: str) -> bool:
    return answer.status == 303 and answer.headers["Location"].startswith(f"/dashboard{place}")


async def test_an_endpoint_is_added_and_its_secret_is_shown_once_in_both_forms(
    owner_browser: Browser, owner: Client
) -> None:
    answer = await owner_browser.press(
        PLACE, on=PLACE, url=URL, name="Billing", which="some", **{"event.domain.*": "on", "event.job.dlq": "on"}
    )
    assert answer.status == 200
    text = answer.body.decode()
    standard, hexadecimal = re.findall(r'data-copy="(\S+)"', text)
    assert standard.startswith("whsec_")
    assert re.fullmatch("[0-9a-f]{64}", hexadecimal)
    assert answer.headers["Cache-Control"] == "no-store"
    [webhook] = (await owner.get("/api/webhooks")).json["webhooks"]
    assert (webhook["name"], webhook["url"], webhook["events"]) == ("Billing", URL, ["domain.*", "job.dlq"])
    for path in (PLACE, f"{PLACE}/{webhook['id']}"):
        page = (await owner_browser.open(path)).body.decode()
        assert standard not in page
        assert hexadecimal not in page


async def test_a_wrong_address_is_told_at_its_field_and_what_was_typed_stays(owner_browser: Browser) -> None:
    answer = await owner_browser.press(
        PLACE, on=PLACE, url="http://10.0.0.1/", name="Mine", which="some", **{"event.dns.*": "on"}
    )
    assert answer.status == 400
    page = answer.body.decode()
    assert 'value="http://10.0.0.1/"' in page
    assert 'value="Mine"' in page
    assert re.search(r'id="url"[^>]*aria-invalid="true"', page)
    assert re.search(r'name="event.dns.\*" value="on" checked', page)
    nothing = await owner_browser.press(PLACE, on=PLACE, url=URL, which="some")
    assert nothing.status == 400
    assert "events is empty" in read_text(nothing)


async def test_the_list_says_how_each_endpoint_does_and_what_is_left(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    assert "There is no endpoint yet" in await shown(owner_browser)
    webhook = await added(owner)
    await domain(owner)
    await given_up(context, webhook["id"])
    await domain(owner, "b.customer.com")
    text = await shown(owner_browser)
    assert "attempts fail Attempts have failed since 2027-01-15 08:00 UTC ." in text
    assert "0 % 0 of 11 1 1" in text
    assert "Dead letters: 1" in text
    assert "all events, also those that come later" in text
    assert "HTTP 500" in text or "500" in text


async def test_where_there_is_nothing_to_send_again_the_page_says_so_and_leads_back(
    owner_browser: Browser, owner: Client
) -> None:
    page = f"{PLACE}/{(await added(owner))['id']}"
    counted = await owner_browser.press(f"{page}/replay", on=page, since="2027-01-14T08:00", status="dead")
    assert "nothing would be sent again. Back" in read_text(counted)
    assert "Send them now" not in read_text(counted)


async def test_all_dead_letters_are_sent_again_after_their_number_was_said(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner)
    for name in ("a.customer.com", "b.customer.com"):
        await domain(owner, name)
    await given_up(context, webhook["id"])
    counted = await owner_browser.press("/dashboard/deliveries/retry", on=PLACE)
    assert "2 events would be sent again." in read_text(counted)
    assert await replays(owner) == []
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', counted.body.decode()))
    started = await owner_browser.send("/dashboard/deliveries/retry", form)
    assert leads_to(started, "/webhooks?done=done_replay_started")
    [job] = await replays(owner)
    assert job["status"] == "pending"


async def test_the_page_of_an_endpoint_says_why_it_fails_with_figures_in_words_and_charts(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner, name="Billing")
    path = f"{PLACE}/{webhook['id']}"
    assert "Nothing was sent in this time." in await shown(owner_browser, path)
    await domain(owner)
    await tried(context, webhook["id"], 503)
    await domain(owner, "b.customer.com")
    await tried(context, webhook["id"], 204)
    for window in ("", "?window=hour", "?window=day", "?window=week"):
        page = await owner_browser.open(f"{path}{window}")
        text = read_text(page)
        assert "50 % of the attempts succeeded: 1 did, and 1 failed." in text
        assert "503 Service Unavailable 1" in text
        assert "204 No Content 1" in text
        markup = page.body.decode()
        assert markup.count('role="img"') == 2
        assert 'class="mark-good"' in markup
        assert 'class="mark-bad"' in markup
        assert " style=" not in markup


async def test_deliveries_are_filtered_by_state_type_domain_and_time(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    webhook = await added(owner, events=["domain.*"])
    await domain(owner, "a.customer.com")
    await given_up(context, webhook["id"])
    domain_id = await domain(owner, "b.customer.com")

    async def found(query: str) -> set[str]:
        of_endpoint, of_all = [
            {name for name in ("a.customer.com", "b.customer.com") if name in text}
            for place in (f"{PLACE}/{webhook['id']}", "/dashboard/deliveries")
            for text in (await shown(owner_browser, f"{place}?{query}"),)
        ]
        assert of_endpoint == of_all
        return of_all

    assert await found("") == {"a.customer.com", "b.customer.com"}
    assert await found("status=dead") == {"a.customer.com"}
    assert await found("status=pending") == {"b.customer.com"}
    assert await found("event=domain.added") == {"a.customer.com", "b.customer.com"}
    assert await found("event=domain.removed") == set()
    assert await found(f"domain={domain_id}") == {"b.customer.com"}
    assert await found("domain=B.Customer.com") == {"b.customer.com"}
    assert "Nothing matches this filter." in await shown(owner_browser, f"{PLACE}/{webhook['id']}?domain=%3F%3F")
    assert await found("since=2027-01-15T08:00") == {"a.customer.com", "b.customer.com"}
    assert await found("until=2027-01-15T08:00") == set()
    assert (await owner_browser.open("/dashboard/deliveries?since=yesterday")).status == 400


async def test_an_endpoint_is_changed_resumed_and_removed(owner_browser: Browser, owner: Client) -> None:
    webhook = await added(owner)
    path = f"{PLACE}/{webhook['id']}"

    async def stored() -> dict[str, object]:
        found: dict[str, object] = (await owner.get(f"/api/webhooks/{webhook['id']}")).json["webhook"]
        return found

    changed = await owner_browser.press(f"{path}/change", on=path, url=f"{URL}/2", name="", which="all")
    assert leads_to(changed, f"/webhooks/{webhook['id']}?done=")
    assert ((await stored())["url"], (await stored())["events"]) == (f"{URL}/2", ["*"])
    wrong = await owner_browser.press(f"{path}/change", on=path, url="ftp://x", which="all")
    assert wrong.status == 400
    assert 'value="ftp://x"' in wrong.body.decode()
    assert f'hx-get="{path}"' in wrong.body.decode()

    await owner_browser.press(f"{path}/disable", on=path)
    assert (await stored())["enabled"] is False
    await domain(owner)
    assert "disabled Your organization has disabled it." in await shown(owner_browser, path)
    form = await owner_browser.find_form(f"{path}/enable", on=path)
    assert form["replay"] == "held"
    await owner_browser.send(f"{path}/enable", {**form, "replay": "none"})
    assert (await stored())["enabled"] is True
    assert [each["status"] for each in await listed(owner)] == ["dropped"]

    assert leads_to(await owner_browser.press(f"{path}/remove", on=path), "/webhooks?done=done_webhook_removed")
    assert (await owner_browser.open(path)).status == 404


async def test_a_new_secret_is_shown_once_and_says_until_when_the_old_one_signs(
    owner_browser: Browser, owner: Client
) -> None:
    webhook = await added(owner)
    path = f"{PLACE}/{webhook['id']}"
    answer = await owner_browser.press(f"{path}/rotate-secret", on=path)
    text = read_text(answer)
    assert "goes on to sign beside the new one until 2027-01-16 08:00 UTC ." in text
    assert webhook["secret"] not in text
    assert re.search(r"whsec_[\w+/=]{20,}", text)


async def test_a_test_leads_to_its_delivery_which_explains_itself(
    owner_browser: Browser, owner: Client, prober: FakeProber
) -> None:
    webhook = await added(owner)
    path = f"{PLACE}/{webhook['id']}"
    prober.fails_with = 403
    answer = await owner_browser.press(f"{path}/test", on=path)
    assert leads_to(answer, "/deliveries/dlv_")
    text = await shown(owner_browser, answer.headers["Location"])
    assert "The test was sent. This is what became of it." in text
    assert "answered 403" in text


async def test_the_conformance_of_a_receiver_is_a_checklist(owner_browser: Browser, owner: Client) -> None:
    webhook = await added(owner)
    path = f"{PLACE}/{webhook['id']}"
    answer = await owner_browser.press(f"{path}/conformance", on=path)
    assert answer.status == 200
    assert "Rightly signed passed" in read_text(answer)


async def test_a_span_is_counted_before_it_is_sent_again(
    owner_browser: Browser, owner: Client, context: Context, clock: ManualClock
) -> None:
    webhook = await added(owner)
    path = f"{PLACE}/{webhook['id']}"
    await domain(owner)
    await tried(context, webhook["id"], 200)
    clock.advance(60_000)
    counted = await owner_browser.press(
        f"{path}/replay", on=path, since="2027-01-15T08:00", until="", status="all", event=""
    )
    assert "One event would be sent again." in read_text(counted)
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', counted.body.decode()))
    started = await owner_browser.send(f"{path}/replay", form)
    assert leads_to(started, f"/webhooks/{webhook['id']}?done=done_replay_started")
    [job] = await replays(owner)
    assert job["status"] == "pending"
    wrong = await owner_browser.press(f"{path}/replay", on=path, since="2030-01-01T00:00", status="dead", event="")
    assert wrong.status == 400
    assert "since is in the future" in read_text(wrong)


async def test_members_see_all_and_have_no_buttons(member_browser: Browser, owner: Client, context: Context) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await given_up(context, webhook["id"])
    for path in (PLACE, f"{PLACE}/{webhook['id']}", "/dashboard/deliveries", f"/dashboard/deliveries/{due.id}"):
        answer = await member_browser.open(path)
        assert answer.status == 200
        forms = re.findall(r'<form method="post" action="([^"]*)"', answer.body.decode())
        assert forms == ["/sign-out"], path


async def test_another_organization_sees_none_of_it(owner: Client, stranger_browser: Browser, context: Context) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await tried(context, webhook["id"])
    for path in (
        f"{PLACE}/{webhook['id']}",
        f"{PLACE}/{webhook['id']}/changes",
        f"/dashboard/deliveries/{due.id}",
        f"/dashboard/deliveries/{due.id}/changes",
        f"/dashboard/deliveries?webhook={webhook['id']}",
    ):
        assert (await stranger_browser.open(path)).status == 404, path
    assert webhook["id"] not in await shown(stranger_browser)
