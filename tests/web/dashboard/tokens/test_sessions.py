"""The sessions of the organization's tokens are seen and ended in the dashboard."""

from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser, signed_in

SESSIONS = "/dashboard/tokens/sessions"


async def test_each_session_is_listed_with_its_token_and_ended(
    owner_browser: Browser, admin: Client, owner: Client
) -> None:
    other = await signed_in(admin)
    text = read_text(await owner_browser.open(SESSIONS))
    assert "a admin" in text
    assert "this browser" in text
    sessions = (await owner.get("/api/sessions")).json["sessions"]
    own_id = (await owner.get("/api/whoami")).json["caller"]["id"]
    (admins,) = (each["id"] for each in sessions if each["tokenId"] != own_id)
    answer = await owner_browser.press(f"{SESSIONS}/{admins}/end", on=SESSIONS)
    assert (answer.status, answer.headers["Location"]) == (303, f"{SESSIONS}?done=done_session_ended")
    assert (await other.open("/dashboard")).status == 303
    assert (await owner_browser.open("/dashboard")).status == 200


async def test_all_others_are_ended_together(owner_browser: Browser, admin: Client, owner: Client) -> None:
    others = [await signed_in(admin), await signed_in(owner)]
    await owner_browser.press(f"{SESSIONS}/end-all", on=SESSIONS)
    assert [(await each.open("/dashboard")).status for each in others] == [303, 303]
    assert "The other sessions have ended." in read_text(
        await owner_browser.open(f"{SESSIONS}?done=done_sessions_ended")
    )
