"""Contacts: added over the API, agreed to by whoever has the address, and told nothing before."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.config import Config, MailConfig
from dcvd.core.instants import DAY
from dcvd.services.context import Context
from tests.alerts.place import broken, configure, record, sending
from tests.api.members.test_members import join
from tests.manual_clock import ManualClock
from tests.messaging.mail_server import MailServer, serving_mail
from tests.served_app.client import Answer, Client, problem
from tests.served_app.fixtures import EventDict
from tests.waiting import until

CONTACTS = "/api/alerts/contacts"
ADDRESS = "person@example.com"


async def add(caller: Client, address: str = ADDRESS, **members: Any) -> dict[str, Any]:
    answer = await caller.post(CONTACTS, {"address": address, **members})
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json["contact"]
    assert answer.headers["Location"] == f"{CONTACTS}/{found['id']}"
    return found


async def show(caller: Client, contact: dict[str, Any]) -> dict[str, Any]:
    answer = await caller.get(f"{CONTACTS}/{contact['id']}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json["contact"]
    return found


async def receive(context: Context, server: MailServer, count: int) -> str:
    """Have what waits sent until there are so many mails; return the text of the last."""

    async def have_come() -> bool:
        return len(server.mails) >= count

    async with sending(context):
        await until(have_come)
    return server.read_text()


def find_path(text: str, action: str) -> str:
    """The path of a link in a mail."""
    (url,) = re.findall(rf"https://dcv\.example\.net(/alerts/{action}\?token=dcv_{action}_[0-9a-f]{{64}})\s", text)
    return str(url)


async def agree(anybody: Client, text: str) -> Answer:
    return await anybody.as_bearer(None).post(find_path(text, "confirm"))


async def test_a_contact_is_told_only_after_they_pressed_the_button(
    context: Context, owner: Client, anybody: Client
) -> None:
    stranger = anybody.as_bearer(None)
    async with serving_mail() as server:
        configure(context, server)
        added = await add(owner, " Person@Example.COM ")
        assert (added["address"], added["status"], added["kinds"], added["confirmedAt"]) == (
            ADDRESS,
            "unconfirmed",
            None,
            None,
        )
        question = await receive(context, server, 1)
        assert "List-Unsubscribe" not in server.read()
        assert (await show(owner, added))["confirmationExpiresAt"] is not None
        link = find_path(question, "confirm")
        for _ in range(3):  # Programs that look for bad links open each of them, by GET or HEAD.
            page = await stranger.get(link)
            assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
            assert b'<form method="post"><button type="submit">Yes, send me alerts</button></form>' in page.body
            assert "form-action 'self'" in page.headers["Content-Security-Policy"]
            assert (await stranger.call("HEAD", link)).status == 200
        assert (await show(owner, added))["status"] == "unconfirmed"
        await record(context, added["orgId"], broken("a.example"))
        done = await stranger.post(link)
        assert (done.status, b"You get alerts" in done.body, b"<form" in done.body) == (200, True, False)
        assert (await show(owner, added))["status"] == "active"
        assert b"You get alerts" in (await stranger.get(link)).body, "the button has done its work"
        await record(context, added["orgId"], broken("b.example"))
        assert "b.example" in await receive(context, server, 2)
        assert "a.example" not in server.read_text()


async def test_whoever_has_an_address_ends_all_questions_to_it_and_allows_them_again(
    context: Context, owner: Client, stranger: Client, anybody: Client
) -> None:
    nobody = anybody.as_bearer(None)
    async with serving_mail() as server:
        configure(context, server)
        added = await add(owner)
        question = await receive(context, server, 1)
        (refuse,) = re.findall(r"https://dcv\.example\.net(/alerts/refuse\?token=[\w-]+)\s", question)
        allow = refuse.replace("refuse", "allow")
        # The link works when the contact is gone: it might be added again at once.
        assert (await owner.delete(f"{CONTACTS}/{added['id']}")).status == 204
        for _ in range(2):
            assert b"Never ask me again" in (await nobody.get(refuse)).body
        waiting = await add(stranger)  # its question is not sent yet
        for _ in range(2):
            page = await nobody.post(refuse)
            assert (page.status, b"Allow questions again" in page.body) == (200, True)
            assert "form-action 'self'" in page.headers["Content-Security-Policy"]
        for asking in (
            owner.post(CONTACTS, {"address": ADDRESS}),
            stranger.post(f"{CONTACTS}/{waiting['id']}/confirmation"),
        ):
            problem(await asking, 409, "questions_refused")
        other = await add(owner, "other@example.com")
        await receive(context, server, 2)
        assert server.recipients == [ADDRESS, "other@example.com"]
        for _ in range(2):
            assert b"Never ask me again" in (await nobody.post(allow)).body
        assert (await add(owner))["id"] not in (added["id"], other["id"])
        assert find_path(await receive(context, server, 3), "confirm")


async def test_the_pages_of_the_links_speak_the_language_of_the_browser(
    context: Context, owner: Client, anybody: Client
) -> None:
    stranger, german = anybody.as_bearer(None), {"Accept-Language": "de"}

    async def read(path: str, method: str = "GET") -> str:
        answer = await stranger.call(method, path, headers=german)
        assert answer.headers["Content-Language"] == "de"
        return answer.body.decode()

    async with serving_mail() as server:
        configure(context, server)
        added = await add(owner)
        question = await receive(context, server, 1)
        confirm = find_path(question, "confirm")
        (refuse,) = re.findall(r"https://dcv\.example\.net(/alerts/refuse\?token=[\w-]+)\s", question)
        assert f"möchte {ADDRESS} melden, wenn mit den dort verbundenen Domains" in await read(confirm)
        assert "Ja, schicken Sie mir Meldungen" in await read(confirm)
        assert "Nie wieder fragen" in await read(refuse)
        assert "Sie bekommen Meldungen" in await read(confirm, "POST")
        await record(context, added["orgId"], broken("app.example"))
        end = find_path(await receive(context, server, 2), "unsubscribe")
        assert "Keine Meldungen mehr?" in await read(end)
        assert f"{ADDRESS} bekommt keine Meldungen von " in await read(end, "POST")
        assert "Fragen wieder erlauben" in await read(refuse, "POST")
        assert "Es wurde nichts geändert" in await read("/alerts/confirm?token=x")


@pytest.mark.parametrize("token", ["", "x", "eHh4", "%C3%A9", "A" * 200])
async def test_a_link_of_refusal_that_was_not_made_here_changes_nothing(anybody: Client, token: str) -> None:
    for path in (f"/alerts/refuse?token={token}", f"/alerts/allow?token={token}"):
        assert (await anybody.as_bearer(None).get(path)).status == 404
        assert (await anybody.as_bearer(None).post(path)).status == 404


async def test_one_click_ends_the_mails_and_so_does_the_page(context: Context, owner: Client, anybody: Client) -> None:
    stranger = anybody.as_bearer(None)
    async with serving_mail() as server:
        configure(context, server, per_hour=100)
        for number, sends_form in enumerate((True, False)):
            added = await add(owner, f"p{number}@example.com")
            question = await receive(context, server, 2 * number + 1)
            await agree(anybody, question)
            await record(context, added["orgId"], broken(f"app{number}.example"))
            text = await receive(context, server, 2 * number + 2)
            message = server.read()
            assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            link = find_path(text, "unsubscribe")
            assert message["List-Unsubscribe"] == f"<https://dcv.example.net{link}>"
            assert b"Send me no more alerts" in (await stranger.get(link)).body
            assert (await show(owner, added))["status"] == "active", "to open the link changes nothing"
            body = b"List-Unsubscribe=One-Click" if sends_form else None
            headers = {"Content-Type": "application/x-www-form-urlencoded"} if sends_form else {}
            done = await stranger.call("POST", link, data=body, headers=headers)
            assert (done.status, b"You get no more alerts" in done.body) == (200, True)
            assert (await stranger.post(link)).status == 200, "to do it again changes nothing"
            assert (await show(owner, added))["status"] == "unsubscribed"
            refused = await agree(anybody, question)
            assert (refused.status, b"Nothing was changed" in refused.body) == (404, True)
            assert (await show(owner, added))["status"] == "unsubscribed"


async def test_a_link_ends_after_three_days_and_a_new_question_makes_another(
    context: Context, owner: Client, anybody: Client, clock: ManualClock
) -> None:
    async with serving_mail() as server:
        configure(context, server)
        added = await add(owner)
        first = await receive(context, server, 1)
        clock.advance(3 * DAY)
        assert (await agree(anybody, first)).status == 404
        again = await owner.post(f"{CONTACTS}/{added['id']}/confirmation")
        assert (again.status, again.json["contact"]["status"]) == (202, "unconfirmed")
        second = await receive(context, server, 2)
        assert find_path(first, "confirm") != find_path(second, "confirm")
        assert (await agree(anybody, second)).status == 200
        problem(await owner.post(f"{CONTACTS}/{added['id']}/confirmation"), 409, "contact_active")


@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=dcv_confirm_00", "?token=" + "a" * 5000, "?token=%00%F0%9F%98%80&utm_source=mail"]
)
async def test_a_link_that_leads_nowhere_says_so(anybody: Client, query: str) -> None:
    for action in ("confirm", "unsubscribe"):
        for method in ("GET", "POST"):
            answer = await anybody.as_bearer(None).call(method, f"/alerts/{action}{query}")
            assert (answer.status, b"Nothing was changed" in answer.body) == (404, True)
    assert (await anybody.as_bearer(None).get("/alerts/other")).json["code"] == "route_not_found"


async def test_nobody_can_be_asked_again_and_again(
    context: Context, owner: Client, stranger: Client, clock: ManualClock
) -> None:
    configure(context, MailServer())
    for _ in range(3):
        added = await add(owner)
        assert (await owner.delete(f"{CONTACTS}/{added['id']}")).status == 204
    for caller in (owner, stranger):
        refused = await caller.post(CONTACTS, {"address": ADDRESS})
        problem(refused, 429, "too_many_requests")
        assert int(refused.headers["Retry-After"]) > 0
    clock.advance(DAY)
    await add(stranger)


async def test_an_organization_cannot_have_any_number_of_addresses_asked(context: Context, owner: Client) -> None:
    configure(context, MailServer())
    for number in range(40):
        added = await add(owner, f"p{number}@example.com")
        await owner.delete(f"{CONTACTS}/{added['id']}")
    problem(await owner.post(CONTACTS, {"address": "last@example.com"}), 429, "too_many_requests")


async def test_there_is_a_most_of_contacts_and_each_address_is_one(context: Context, owner: Client) -> None:
    configure(context, MailServer())
    first = await add(owner, "p0@example.com")
    exists = problem(await owner.post(CONTACTS, {"address": "P0@example.com"}), 409, "contact_exists")
    assert exists["existingId"] == first["id"]
    for number in range(1, 20):
        await add(owner, f"p{number}@example.com")
    problem(await owner.post(CONTACTS, {"address": "p20@example.com"}), 403, "quota_reached")
    listed = await owner.get(f"{CONTACTS}?limit=15")
    rest = await owner.get(f"{CONTACTS}?cursor={listed.json['nextCursor']}")
    addresses = [each["address"] for page in (listed, rest) for each in page.json["contacts"]]
    assert len(listed.json["contacts"]) == 15
    assert sorted(addresses) == sorted(f"p{number}@example.com" for number in range(20))


async def test_a_contact_chooses_kinds(context: Context, owner: Client) -> None:
    configure(context, MailServer())
    added = await add(owner, kinds=["job_dead", "domain_broken", "job_dead"])
    assert added["kinds"] == ["domain_broken", "job_dead"]
    path = f"{CONTACTS}/{added['id']}"
    tag = (await owner.get(path)).headers["ETag"]
    changed = await owner.patch(path, {"kinds": None}, headers={"If-Match": tag})
    assert (changed.status, changed.json["contact"]["kinds"]) == (200, None)
    problem(await owner.patch(path, {"kinds": ["job_dead"]}, headers={"If-Match": tag}), 412, "precondition_failed")
    problem(await owner.patch(path, {"kinds": []}), 400, "invalid_input", field="kinds")
    problem(await owner.patch(path, {"kinds": ["cloudflare_fault"]}), 400, "invalid_input", field="kinds")
    problem(await owner.patch(path, {"kinds": ["job_dead"] * 10}), 400, "invalid_input", field="kinds")
    assert (await owner.patch(path, {"kinds": ["gossip"]})).status == 400
    assert (await owner.patch(path, {})).status == 400


@pytest.mark.parametrize(
    "address",
    [
        "",
        "person",
        "a@b@c.example",
        "a b@x.example",
        "a@x.example\r\nBcc: b@x.example",
        "a@[127.0.0.1]",
        "é@é.example",
    ],
)
async def test_what_is_no_address_is_refused(context: Context, owner: Client, address: str) -> None:
    configure(context, MailServer())
    problem(await owner.post(CONTACTS, {"address": address}), 400, "invalid_input", field="address")


async def test_a_contact_is_an_address_or_a_member(context: Context, owner: Client, stranger: Client) -> None:
    context.live_config.value = _without_mail(context)
    anna = await join(owner, "anna@example.com")
    configure(context, MailServer())
    added = await owner.post(CONTACTS, {"memberId": anna["id"]})
    assert (added.status, added.json["contact"]["address"]) == (201, "anna@example.com")
    assert added.json["contact"]["memberId"] == anna["id"]
    problem(await owner.post(CONTACTS, {}), 400, "invalid_input", field="address")
    both = {"memberId": anna["id"], "address": "anna@example.com"}
    problem(await owner.post(CONTACTS, both), 400, "invalid_input", field="address")
    problem(await stranger.post(CONTACTS, {"memberId": anna["id"]}), 400, "invalid_input", field="memberId")
    await owner.delete(f"/api/members/{anna['id']}")
    assert (await owner.get(CONTACTS)).json["contacts"] == []


async def test_without_a_mail_server_there_are_no_contacts_but_they_can_be_removed(
    context: Context, owner: Client
) -> None:
    configure(context, MailServer())
    added = await add(owner)
    context.live_config.value = _without_mail(context)
    path = f"{CONTACTS}/{added['id']}"
    for answer in (
        await owner.post(CONTACTS, {"address": "b@example.com"}),
        await owner.get(CONTACTS),
        await owner.get(path),
        await owner.patch(path, {"kinds": None}),
        await owner.post(f"{path}/confirmation"),
    ):
        assert "mail.host" in problem(answer, 501, "mail_not_set_up")["detail"]
    assert (await owner.delete(path)).status == 204


async def test_a_repeat_with_a_key_asks_nobody_twice(context: Context, owner: Client) -> None:
    configure(context, MailServer())
    headers = {"Idempotency-Key": "one"}
    first = await owner.post(CONTACTS, {"address": ADDRESS}, headers=headers)
    second = await owner.post(CONTACTS, {"address": ADDRESS}, headers=headers)
    assert (first.status, second.status, first.json) == (201, 201, second.json)


async def test_the_audit_says_who_agreed_and_who_ended_it(context: Context, owner: Client, anybody: Client) -> None:
    async with serving_mail() as server:
        configure(context, server)
        added = await add(owner)
        await agree(anybody, await receive(context, server, 1))
        await owner.patch(f"{CONTACTS}/{added['id']}", {"kinds": ["job_dead"]})
        await record(context, added["orgId"], broken("a.example"))
        await owner.patch(f"{CONTACTS}/{added['id']}", {"kinds": None})
        await record(context, added["orgId"], broken("b.example"))
        text = await receive(context, server, 2)
        await anybody.as_bearer(None).post(find_path(text, "unsubscribe"))
        await owner.post(f"{CONTACTS}/{added['id']}/confirmation")
        await owner.delete(f"{CONTACTS}/{added['id']}")
    entries = (await owner.get(f"/api/audit?objectId={added['id']}")).json["audit"]
    assert [(each["action"], each["actor"].partition(":")[0]) for each in reversed(entries)] == [
        ("contact.added", "token"),
        ("contact.confirmed", "contact"),
        ("contact.changed", "token"),
        ("contact.changed", "token"),
        ("contact.unsubscribed", "contact"),
        ("contact.asked", "token"),
        ("contact.removed", "token"),
    ]


async def test_what_a_tenant_calls_itself_changes_no_page_and_no_header(
    context: Context, operator: Client, anybody: Client
) -> None:
    name = '<script>alert(1)</script> "Ä" & Söhne'
    made = await operator.post("/operator/organizations", {"name": name})
    path = f"/operator/organizations/{made.json['organization']['id']}/alerts/contacts"
    async with serving_mail() as server:
        configure(context, server)
        assert (await operator.post(path, {"address": ADDRESS})).status == 201
        text = await receive(context, server, 1)
        page = await anybody.as_bearer(None).get(find_path(text, "confirm"))
    assert b"<script" not in page.body
    assert b"&lt;script&gt;alert(1)&lt;/script&gt;" in page.body
    assert server.read()["Subject"] == f"[{name}] Do you want to be told when something goes wrong?"


async def test_operators_add_list_and_remove_contacts(context: Context, operator: Client, owner: Client) -> None:
    configure(context, MailServer())
    org_id = (await add(owner, "first@example.com"))["orgId"]
    path = f"/operator/organizations/{org_id}/alerts/contacts"
    added = await operator.post(path, {"address": "second@example.com"})
    assert added.headers["Location"] == f"{path}/{added.json['contact']['id']}"
    listed = (await operator.get(path)).json["contacts"]
    assert {each["address"] for each in listed} == {"first@example.com", "second@example.com"}
    assert (await operator.delete(added.headers["Location"])).status == 204


async def test_no_token_of_a_link_is_stored_or_logged(
    context: Context, owner: Client, anybody: Client, log_lines: list[EventDict]
) -> None:
    async with serving_mail() as server:
        configure(context, server)
        await add(owner)
        token = find_path(await receive(context, server, 1), "confirm").partition("=")[2]
        await anybody.as_bearer(None).post(f"/alerts/confirm?token={token}")
    assert token not in repr(log_lines)
    dump = await context.database.maintain(lambda connection: "\n".join(connection.iterdump()))
    assert token not in dump


def _without_mail(context: Context) -> Config:
    return replace(context.config, mail=MailConfig())
