"""Contacts are added, changed, asked again and removed in the dashboard."""

from msgspec.structs import replace

from dcvd.services.context import Context
from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser

ALERTS = "/dashboard/alerts"


async def add(browser: Browser, owner: Client, **typed: str) -> str:
    """The id of a new contact."""
    answer = await browser.press(ALERTS, on=ALERTS, **{"address": "on-call@acme.example", "which": "all", **typed})
    assert (answer.status, answer.headers["Location"]) == (303, f"{ALERTS}?done=done_contact_asked")
    return str((await owner.get("/api/alerts/contacts?limit=1")).json["contacts"][0]["id"])


async def read_kinds(owner: Client, contact_id: str) -> list[str] | None:
    kinds: list[str] | None = (await owner.get(f"/api/alerts/contacts/{contact_id}")).json["contact"]["kinds"]
    return kinds


async def test_a_contact_is_told_everything_or_what_is_chosen(owner_browser: Browser, owner: Client) -> None:
    chosen = {"which": "chosen", "kind_job_dead": "1", "kind_domain_broken": "1"}
    contact_id = await add(owner_browser, owner, **chosen)
    assert await read_kinds(owner, contact_id) == ["domain_broken", "job_dead"]
    row = read_text(await owner_browser.open(ALERTS))
    assert "has not agreed yet a domain that worked does not any more a job was given up" in row
    path = f"{ALERTS}/{contact_id}"
    assert 'name="kind_job_dead" value="1" checked' in (await owner_browser.open(path)).body.decode()
    await owner_browser.press(path, on=path, which="all", kind_job_dead="1")
    assert await read_kinds(owner, contact_id) is None


async def test_nothing_chosen_is_said_and_so_is_an_address_that_is_there(owner_browser: Browser, owner: Client) -> None:
    contact_id = await add(owner_browser, owner)
    path = f"{ALERTS}/{contact_id}"
    nothing = await owner_browser.press(path, on=path, which="chosen")
    assert nothing.status == 400
    assert "such a contact would be told nothing" in read_text(nothing)
    again = await owner_browser.press(ALERTS, on=ALERTS, address="on-call@acme.example", which="all")
    assert again.status == 409
    assert "is a contact already" in read_text(again)


async def test_a_contact_is_asked_again_and_removed(owner_browser: Browser, owner: Client) -> None:
    path = f"{ALERTS}/{await add(owner_browser, owner)}"
    asked = await owner_browser.press(f"{path}/ask", on=path)
    assert (asked.status, asked.headers["Location"]) == (303, f"{path}?done=done_contact_asked")
    removed = await owner_browser.press(f"{path}/remove", on=path)
    assert removed.headers["Location"] == f"{ALERTS}?done=done_contact_removed"
    assert "There is nothing here yet." in read_text(await owner_browser.open(ALERTS))


async def test_without_a_mail_server_the_page_says_so(owner_browser: Browser, context: Context) -> None:
    config = context.config
    context.live_config.value = replace(config, mail=replace(config.mail, host=""))
    try:
        answer = await owner_browser.open(ALERTS)
    finally:
        context.live_config.value = config
    assert answer.status == 200
    assert "whoever runs dcvd has not set a mail server" in read_text(answer)
