"""People are invited, changed and removed in the dashboard, and accept on a page of their own."""

import re

from dcvd.api.app import Api
from dcvd.http.limits.failed_authentications import FailedAuthentications
from dcvd.services.context import Context
from tests.http.test_failed_authentications import Door
from tests.manual_clock import ManualMonotonic
from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser

MEMBERS = "/dashboard/members"
INVITATION = re.compile(r"https://dcv\.example\.net(/invitation/dcv_invite_[0-9a-f]{64})")


async def invite(browser: Browser, address: str = "ada@acme.example", role: str = "member") -> str:
    """The path of the invitation."""
    answer = await browser.press(MEMBERS, on=MEMBERS, address=address, role=role)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store"), read_text(answer)
    (path,) = set(INVITATION.findall(answer.body.decode()))
    return str(path)


async def newest(owner: Client) -> tuple[str, str]:
    """The id of the newest member, and their status."""
    member = (await owner.get("/api/members?limit=1")).json["members"][0]
    return member["id"], member["status"]


async def test_whoever_is_invited_accepts_by_a_button_and_once(
    owner_browser: Browser, owner: Client, anybody: Client
) -> None:
    path = await invite(owner_browser, role="admin")
    member_id, status = await newest(owner)
    assert status == "invited"
    assert "The invitation can be accepted until" in read_text(await owner_browser.open(MEMBERS))
    assert "invites ada@acme.example as admin" in read_text(await anybody.get(path))
    german = {"Accept-Language": "de"}
    assert "ada@acme.example mit der Rolle Administrator ein." in read_text(await anybody.get(path, headers=german))
    assert (await newest(owner))[1] == "invited", "to open it changes nothing"
    accepted = await anybody.post(path, data=b"", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert "ada@acme.example is a member now" in read_text(accepted)
    assert await newest(owner) == (member_id, "active")
    for answer in (await anybody.get(path), await anybody.post(path)):
        assert answer.status == 404
        assert "was used or replaced" in read_text(answer)
    assert "wurde benutzt oder ersetzt" in read_text(await anybody.get(path, headers=german))
    assert INVITATION.search((await owner_browser.open(f"{MEMBERS}/{member_id}")).body.decode()) is None


async def test_invitations_that_do_not_exist_are_counted_as_wrong_tokens_are(app: Api, context: Context) -> None:
    app.services.failed_authentications = FailedAuthentications(context, ManualMonotonic())
    door = Door(app)
    paths = [f"/invitation/dcv_invite_{number:064x}" for number in range(12)]
    assert [(await door.ask("203.0.113.7", None, path))[0] for path in paths] == [404] * 10 + [429] * 2


async def test_a_wrong_address_or_one_that_is_there_is_said_at_the_field(owner_browser: Browser) -> None:
    await invite(owner_browser)
    for address, status, message in (
        ("nobody", 400, "address is no e-mail address"),
        ("ada@acme.example", 409, "is a member already"),
    ):
        answer = await owner_browser.press(MEMBERS, on=MEMBERS, address=address, role="member")
        assert answer.status == status
        assert message in read_text(answer)
        assert f'value="{address}"' in answer.body.decode()


async def test_a_member_gets_another_role_and_is_suspended_resumed_invited_again_and_removed(
    owner_browser: Browser, owner: Client
) -> None:
    first = await invite(owner_browser)
    member_id, _ = await newest(owner)
    path = f"{MEMBERS}/{member_id}"
    await owner_browser.press(path, on=path, role="admin")
    assert (await owner.get(f"/api/members/{member_id}")).json["member"]["role"] == "admin"
    again = await owner_browser.press(f"{path}/invite", on=path)
    assert INVITATION.findall(again.body.decode())[0] != first
    for status, expected in (("suspended", "suspended"), ("active", "invited")):
        answer = await owner_browser.press(path, on=path, status=status)
        assert (answer.status, answer.headers["Location"]) == (303, f"{path}?done=done_member_changed")
        assert (await newest(owner))[1] == expected
    removed = await owner_browser.press(f"{path}/remove", on=path)
    assert removed.headers["Location"] == f"{MEMBERS}?done=done_member_removed"
    assert (await owner.get("/api/members")).json["members"] == []


async def test_when_their_tokens_were_used_is_for_those_who_may_read_tokens(
    owner_browser: Browser, owner: Client, anybody: Client
) -> None:
    path = await invite(owner_browser)
    await anybody.post(path)
    member_id, _ = await newest(owner)
    minted = (await owner.post("/api/tokens", {"name": "hers", "memberId": member_id})).json["token"]
    await anybody.as_bearer(minted["token"]).get("/api/whoami")
    await owner.get(f"/api/tokens/{minted['id']}/usage")  # which stores what was noted
    assert re.search(r"Last use of their tokens.*UTC", read_text(await owner_browser.open(f"{MEMBERS}/{member_id}")))
    scoped = (await owner.post("/api/tokens", {"name": "people", "role": "admin", "scopes": ["members:read"]})).json
    narrow = Browser(anybody)
    await narrow.sign_in(scoped["token"]["token"])
    page = read_text(await narrow.open(MEMBERS))
    assert "ada@acme.example" in page
    assert "Last use" not in page
