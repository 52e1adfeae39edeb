"""Tokens are created, shown, changed, rotated and revoked in the dashboard as the API does it."""

import re
from typing import Any

from dcvd.core.instants import DAY
from dcvd.services.context import Context
from dcvd.store.tokens import usage
from dcvd.store.tokens.usage import UsageCount
from tests.served_app.client import Answer, Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser

TOKENS = "/dashboard/tokens"
NEW = f"{TOKENS}/new"
SHOWN = re.compile(r"dcv_live_[0-9a-f]{32}")


async def create(browser: Browser, **typed: str) -> Answer:
    return await browser.press(TOKENS, on=NEW, **{"name": "deploy", "role": "member", **typed})


async def mint(owner: Client, **body: Any) -> str:
    """The id of a new token."""
    answer = await owner.post("/api/tokens", {"name": "deploy", **body})
    assert answer.status == 201, answer.body
    return str(answer.json["token"]["id"])


async def find(owner: Client) -> Any:
    """The token that was created by the form."""
    (token,) = (each for each in (await owner.get("/api/tokens")).json["tokens"] if each["name"] == "deploy")
    return token


async def test_the_plain_text_is_in_the_answer_to_the_form_and_never_again(
    owner_browser: Browser, anybody: Client
) -> None:
    answer = await create(owner_browser)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    (plaintext,) = set(SHOWN.findall(answer.body.decode()))
    caller = (await anybody.as_bearer(plaintext).get("/api/whoami")).json["caller"]
    assert (caller["role"], caller["scopes"]) == ("member", None)
    for path in (TOKENS, f"{TOKENS}/{caller['id']}"):
        page = await owner_browser.open(path)
        assert "deploy" in read_text(page)
        assert not SHOWN.search(page.body.decode())


async def test_what_is_chosen_limits_the_token(owner_browser: Browser, owner: Client) -> None:
    chosen = {
        "role": "admin",
        "expiresAt": "2099-01-31",
        "scope_domains:read": "1",
        "scope_events:read": "1",
        "readOnly": "1",
        "domains": "*.customer.com\nshop.example.org",
        "allowedNetworks": "203.0.113.0/24, 2001:db8::/32",
    }
    assert (await create(owner_browser, **chosen)).status == 200
    token = await find(owner)
    assert {
        name: token[name] for name in ("role", "scopes", "readOnly", "domains", "allowedNetworks", "expiresAt")
    } == {
        "role": "admin",
        "scopes": ["domains:read", "events:read"],
        "readOnly": True,
        "domains": ["*.customer.com", "shop.example.org"],
        "allowedNetworks": ["2001:db8::/32", "203.0.113.0/24"],
        "expiresAt": "2099-02-01T00:00:00Z",
    }
    row = read_text(await owner_browser.open(TOKENS))
    assert "only reads domains:read, events:read Domains: *.customer.com and shop.example.org" in row


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(owner_browser: Browser) -> None:
    for field, text, message in (
        ("domains", "shop..customer.com", "has an empty label"),
        ("allowedNetworks", "10.0.0.0/99", "10.0.0.0/99"),
        ("expiresAt", "tomorrow", "is no day"),
        ("expiresAt", "2001-01-31", "which has passed"),
        ("name", "", "name"),
        ("role", "king", "Choose a role"),
    ):
        answer = await create(owner_browser, **{"scope_domains:read": "1", field: text})
        body = answer.body.decode()
        assert answer.status == 400, field
        assert message in read_text(answer), (field, message)
        assert 'role="alert"' in body
        assert re.search(r'name="scope_domains:read" value="1" checked', body)
        if field not in ("name", "role"):
            assert f'aria-describedby="{field}-hint {field}-fault"' in body
            assert text in read_text(answer) or f'value="{text}"' in body


async def test_a_token_may_be_made_for_a_member(owner_browser: Browser, owner: Client, anybody: Client) -> None:
    invited = (await owner.post("/api/members", {"address": "ada@acme.example"})).json["member"]
    await anybody.post("/api/members/accept", {"token": invited["inviteToken"]})
    form = (await owner_browser.open(f"{NEW}?member={invited['id']}")).body.decode()
    assert f'<option value="{invited["id"]}" selected>ada@acme.example</option>' in form
    assert (await create(owner_browser, memberId=invited["id"])).status == 200
    assert (await find(owner))["memberId"] == invited["id"]


async def test_nobody_is_offered_or_given_more_than_they_have(admin: Client, owner: Client) -> None:
    from_admin = Browser(admin)
    assert admin.token is not None
    await from_admin.sign_in(admin.token)
    assert 'value="owner"' not in (await from_admin.open(NEW)).body.decode()
    answer = await create(from_admin, role="owner")
    assert answer.status == 403
    assert "nobody mints a token that may do more than their own" in read_text(answer)
    page = (await from_admin.open(f"{TOKENS}/{await mint(owner, role='owner')}")).body.decode()
    assert "/rotate" not in page
    assert "/revoke" not in page


async def test_a_member_reads_and_is_shown_no_buttons(member_browser: Browser, owner: Client) -> None:
    token_id = await mint(owner)
    for path in (TOKENS, f"{TOKENS}/{token_id}", f"{TOKENS}/sessions"):
        page = (await member_browser.open(path)).body.decode()
        assert re.findall(r'<form method="post" action="([^"]*)"', page) == ["/sign-out"], path
    assert f"{NEW}" not in (await member_browser.open(TOKENS)).body.decode()


async def test_name_and_last_day_change_and_a_day_that_was_not_touched_keeps_its_hour(
    owner_browser: Browser, owner: Client
) -> None:
    token_id = await mint(owner, expiresAt="2099-01-31T10:30:00Z")
    path = f"{TOKENS}/{token_id}"
    answer = await owner_browser.press(path, on=path, name="deploys", expiresAt="2099-01-31")
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}?done=done_token_changed")
    token = (await owner.get(f"/api/tokens/{token_id}")).json["token"]
    assert (token["name"], token["expiresAt"]) == ("deploys", "2099-01-31T10:30:00Z")
    await owner_browser.press(path, on=path, name="deploys", expiresAt="")
    assert (await owner.get(f"/api/tokens/{token_id}")).json["token"]["expiresAt"] is None
    refused = await owner_browser.press(path, on=path, name="deploys", expiresAt="2001-01-31")
    assert refused.status == 400
    assert "which has passed" in read_text(refused)


async def test_both_secrets_work_for_a_while_after_a_rotation_or_the_earlier_one_ends_at_once(
    owner_browser: Browser, anybody: Client, owner: Client
) -> None:
    minted = (await owner.post("/api/tokens", {"name": "deploy"})).json["token"]
    path, first = f"{TOKENS}/{minted['id']}", minted["token"]
    second = SHOWN.findall((await owner_browser.press(f"{path}/rotate", on=path, grace="3600")).body.decode())[0]
    for works in (first, second):
        assert (await anybody.as_bearer(works).get("/api/whoami")).status == 200
    assert "The secret before it works until" in read_text(await owner_browser.open(path))
    third = SHOWN.findall((await owner_browser.press(f"{path}/rotate", on=path, grace="0")).body.decode())[0]
    assert (await anybody.as_bearer(third).get("/api/whoami")).status == 200
    assert (await anybody.as_bearer(second).get("/api/whoami")).status == 401


async def test_a_token_is_revoked_alone_or_with_what_it_made(
    owner_browser: Browser, anybody: Client, owner: Client
) -> None:
    for descendants in (False, True):
        parent = (await owner.post("/api/tokens", {"name": "parent", "role": "admin"})).json["token"]
        child = await mint(anybody.as_bearer(parent["token"]))
        path = f"{TOKENS}/{parent['id']}"
        typed = {"descendants": "1"} if descendants else {}
        answer = await owner_browser.press(f"{path}/revoke", on=path, **typed)
        assert (answer.status, answer.headers["Location"]) == (303, f"{TOKENS}?done=done_token_revoked")
        assert (await owner_browser.open(path)).status == 404
        assert (await owner.get(f"/api/tokens/{child}")).status == (404 if descendants else 200)


async def test_all_tokens_are_revoked_but_the_own_one_unless_that_is_asked_for(
    owner_browser: Browser, owner: Client
) -> None:
    await mint(owner)
    await owner_browser.press(f"{TOKENS}/revoke-all", on=TOKENS)
    assert len((await owner.get("/api/tokens")).json["tokens"]) == 1
    await owner_browser.press(f"{TOKENS}/revoke-all", on=TOKENS, own="1")
    assert (await owner.get("/api/tokens")).status == 401


async def test_the_use_of_a_token_is_drawn_and_told_in_figures(
    owner_browser: Browser, owner: Client, context: Context
) -> None:
    token_id, today = await mint(owner), context.now() // DAY
    counts = [
        UsageCount(token_id=token_id, day=today - day, operation=operation, requests=requests, errors=errors)
        for day, operation, requests, errors in (
            (0, "GET /api/domains", 40, 0), (0, "POST /api/domains", 2, 1), (3, "GET /api/domains", 8, 0),
        )
    ]  # fmt: skip
    await context.database.write(lambda tx: usage.add(tx, counts))
    page = await owner_browser.open(f"{TOKENS}/{token_id}")
    text = read_text(page)
    assert "50 requests, of which 1 failed. At most 42 a day." in text
    assert "GET /api/domains 48 0 POST /api/domains 2 1" in text
    assert page.body.decode().count('<rect class="amount bad" x=') == 1
    assert "style=" not in page.body.decode().replace("<style", "")
    untouched = read_text(await owner_browser.open(f"{TOKENS}/{await mint(owner)}"))
    assert "No request was counted" in untouched


async def test_what_others_named_is_text(owner_browser: Browser, owner: Client) -> None:
    token_id = await mint(owner, name='<img src=x onerror="hacked=1">')
    for path in (TOKENS, f"{TOKENS}/{token_id}"):
        page = (await owner_browser.open(path)).body.decode()
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page
