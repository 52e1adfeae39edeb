"""A token is exchanged for a session, by which its bearer's browser acts until it ends."""

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.config import Config
from dcvd.core.sessions import MAX_SESSIONS_OF_HOLDER
from dcvd.core.tokens.token import Role
from dcvd.http.limits.failed_authentications import FailedAuthentications
from dcvd.services.context import Context
from dcvd.services.tokens import minting, suspension
from dcvd.services.tokens.rights import TokenLimits
from dcvd.store.organizations.organizations import Organization
from tests.http.test_failed_authentications import Door
from tests.manual_clock import ManualClock, ManualMonotonic
from tests.served_app.client import Client, problem
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import COOKIE, Browser, signed_in


async def test_the_bare_address_leads_to_the_dashboard_and_that_to_the_sign_in(browser: Browser) -> None:
    root = await browser.open("/")
    assert (root.status, root.headers["Location"]) == (303, "/dashboard")
    dashboard = await browser.open("/dashboard")
    assert (dashboard.status, dashboard.headers["Location"]) == (303, "/sign-in?next=%2Fdashboard")
    page = await browser.open(dashboard.headers["Location"])
    assert page.status == 200
    assert '<input type="hidden" name="next" value="/dashboard">' in page.body.decode()


async def test_a_token_signs_in_and_the_dashboard_says_who_is_there(owner: Client, browser: Browser) -> None:
    assert owner.token is not None
    answer = await browser.sign_in(owner.token, "/dashboard?a=b")
    assert (answer.status, answer.headers["Location"]) == (303, "/dashboard?a=b")
    page = await browser.open("/dashboard/sessions")
    assert page.status == 200
    text = read_text(page)
    for part in ("Acme", "owner (owner)", "Sign out", "Your sessions", "this browser", "From 127.0.0.1."):
        assert part in text, part
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


async def test_browsers_keep_the_cookie_from_scripts_from_other_sites_and_from_plain_http(
    owner: Client, browser: Browser
) -> None:
    assert owner.token is not None
    (cookie,) = (await browser.sign_in(owner.token)).headers.getall("Set-Cookie")
    name, _, rest = cookie.partition("=")
    value, *attributes = rest.split("; ")
    assert name == COOKIE
    assert value.startswith("dcv_session_")
    assert sorted(attributes) == ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Strict", "Secure"]


async def test_without_https_the_cookie_has_a_name_that_browsers_take(
    owner: Client, browser: Browser, context: Context, config: Config
) -> None:
    context.live_config.value = replace(config, server=replace(config.server, public_url=""))
    assert owner.token is not None
    answer = await browser.send("/sign-in", {"token": owner.token}, {"Origin": "http://dcvd.test"})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("dcvd_session=dcv_session_")
    assert "Secure" not in cookie


async def test_nothing_of_a_token_stays_in_a_page(browser: Browser, context: Context) -> None:
    wrong = "dcv_live_" + "0" * 32
    answer = await browser.sign_in(wrong)
    assert answer.status == 401
    assert wrong not in answer.body.decode()
    assert "Set-Cookie" not in answer.headers
    assert "This token does not work" in read_text(answer)


async def test_only_the_hashes_of_the_secrets_are_stored(owner: Client, browser: Browser, context: Context) -> None:
    assert owner.token is not None
    await browser.sign_in(owner.token)
    rows = await context.database.read(lambda snapshot: snapshot.fetch_all("SELECT * FROM sessions WHERE id > ''"))
    assert len(rows) == 1
    assert browser.secret is not None
    assert browser.secret not in str(rows)
    assert owner.token not in str(rows)


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example"])
async def test_nobody_is_led_to_another_site(owner: Client, browser: Browser, path: str) -> None:
    assert owner.token is not None
    assert (await browser.sign_in(owner.token, path)).headers["Location"] == "/dashboard"


async def test_links_and_sessions_sign_nobody_in(owner: Client, browser: Browser) -> None:
    link = (await owner.post("/api/links")).json["link"]["token"]
    assert (await browser.sign_in(link)).status == 401
    session = (await signed_in(owner)).secret
    assert session is not None
    assert (await browser.sign_in(session)).status == 401


async def test_a_session_is_no_bearer_of_the_api(owner: Client) -> None:
    browser = await signed_in(owner)
    problem(await owner.as_bearer(browser.secret).get("/api/whoami"), 401, "unauthenticated")
    problem(await browser.open("/api/whoami"), 401, "unauthenticated")


async def test_whoever_guesses_tokens_is_slowed_down_and_a_valid_one_passes(
    app: Api, context: Context, owner: Client
) -> None:
    app.services.failed_authentications = FailedAuthentications(context, ManualMonotonic())
    door = Door(app)

    async def show(token: str) -> int:
        body = f"token={token}".encode()
        headers = {"sec_fetch_site": "same-origin", "content_length": str(len(body))}
        return (await door.ask("203.0.113.7", None, "/sign-in", body, **headers))[0]

    statuses = [await show("dcv_live_" + f"{number:032x}") for number in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    assert owner.token is not None
    assert await show(owner.token) == 303


async def test_a_session_that_ended_counts_against_nobody(app: Api, context: Context) -> None:
    app.services.failed_authentications = FailedAuthentications(context, ManualMonotonic())
    door = Door(app)
    for number in range(30):
        cookie = f"{COOKIE}=dcv_session_{number:064x}"
        assert (await door.ask("203.0.113.7", None, "/sign-out", cookie=cookie, sec_fetch_site="same-origin"))[0] == 303
    assert len(app.services.failed_authentications) == 0


async def test_a_suspended_organization_signs_in_nobody(
    owner: Client, browser: Browser, context: Context, organization: Organization
) -> None:
    await suspension.suspend(context, organization.id)
    assert owner.token is not None
    answer = await browser.sign_in(owner.token)
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers


async def test_a_token_signs_in_from_its_own_networks_alone(
    browser: Browser, context: Context, organization: Organization
) -> None:
    for network, status in (("192.0.2.0/24", 403), ("127.0.0.0/8", 303)):
        minted = await minting.create(
            context,
            organization.id,
            name="t",
            role=Role.ADMIN,
            expires_at=None,
            limits=TokenLimits(allowed_networks=[network]),
        )
        assert (await browser.sign_in(minted.plaintext.reveal())).status == status


async def test_beyond_so_many_sessions_the_oldest_of_the_token_ends(owner: Client, clock: ManualClock) -> None:
    first = await signed_in(owner)
    others = []
    for _ in range(MAX_SESSIONS_OF_HOLDER):
        clock.advance(1)
        others.append(await signed_in(owner))
    assert (await first.open("/dashboard")).status == 303
    assert (await others[0].open("/dashboard")).status == 200
    assert len((await owner.get("/api/sessions")).json["sessions"]) == MAX_SESSIONS_OF_HOLDER


async def test_signing_out_ends_the_session_and_has_its_cookie_forgotten(member: Client) -> None:
    browser = await signed_in(member)
    answer = await browser.press("/sign-out")
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    assert f"{COOKIE}=; Path=/; Max-Age=0" in answer.headers["Set-Cookie"]
    assert (await browser.open("/dashboard")).status == 303


async def test_a_member_ends_another_browser_of_the_same_token_and_nobody_elses(
    member: Client, owner: Client, clock: ManualClock
) -> None:
    browser = await signed_in(member)
    clock.advance(1)
    lost = await signed_in(member)
    clock.advance(1)
    anothers = await signed_in(owner)
    foreign_id, lost_id, own_id = [each["id"] for each in (await owner.get("/api/sessions")).json["sessions"]]
    page = (await browser.open("/dashboard/sessions")).body.decode()
    assert [f"/dashboard/sessions/{each}/end" in page for each in (own_id, lost_id, foreign_id)] == [True, True, False]
    assert (await browser.press(f"/dashboard/sessions/{lost_id}/end", on="/dashboard/sessions")).status == 303
    assert (await lost.open("/dashboard")).status == 303
    form = await browser.find_form("/sign-out")
    assert (await browser.send(f"/dashboard/sessions/{foreign_id}/end", form)).status == 404
    assert (await anothers.open("/dashboard")).status == 200


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7777*7777}}"])
async def test_what_a_browser_says_of_itself_is_text(owner: Client, browser: Browser, hostile: str) -> None:
    assert owner.token is not None
    await browser.sign_in(owner.token, **{"User-Agent": hostile})
    page = await browser.open("/dashboard/sessions")
    assert hostile in read_text(page) or "alert(1)" in read_text(page)
    assert "<script>alert" not in page.body.decode()
    assert "<img" not in page.body.decode()
    assert "60481729" not in read_text(page)


async def test_a_part_of_a_page_leads_the_whole_page_to_the_sign_in(browser: Browser) -> None:
    url = "https://dcv.example.net/dashboard?open=1"
    answer = await browser.open("/dashboard", **{"HX-Request": "true", "HX-Current-URL": url})
    assert answer.headers["HX-Redirect"] == "/sign-in?next=%2Fdashboard%3Fopen%3D1"
    for evil in ("https://e//evil.example", "https://[", "https://a]b/", "//"):
        answer = await browser.open("/dashboard", **{"HX-Request": "true", "HX-Current-URL": evil})
        assert answer.headers["HX-Redirect"] == "/sign-in?next=%2Fdashboard", evil


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_link_of_another_site_is_followed_by_a_request_that_brings_the_cookie(
    owner: Client, browser: Browser, site: str
) -> None:
    page = await browser.open("/dashboard?a=b", **{"Sec-Fetch-Site": site})
    assert (page.status, page.headers["Refresh"]) == (200, "0")
    assert 'href="/dashboard?a=b"' in page.body.decode()
    assert "Set-Cookie" not in page.headers
    assert (await browser.open("/dashboard", **{"Sec-Fetch-Site": "same-origin"})).status == 303


async def test_only_a_cookie_that_was_sent_and_works_no_more_is_forgotten(browser: Browser) -> None:
    assert "Set-Cookie" not in (await browser.open("/dashboard")).headers
    browser.secret = "dcv_session_" + "0" * 64
    answer = await browser.open("/dashboard", **{"Sec-Fetch-Site": "cross-site"})
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?next=%2Fdashboard")
    assert f"{COOKIE}=; Path=/; Max-Age=0" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("other", ['prefs={"theme": "dark"}', "name=Jo Smith", f"{COOKIE}="])
async def test_no_cookie_of_another_application_of_the_domain_signs_anybody_out(owner: Client, other: str) -> None:
    secret = (await signed_in(owner)).secret
    page = await owner.as_bearer(None).get("/dashboard", headers={"Cookie": f"{other}; {COOKIE}={secret}"})
    assert page.status == 200


async def test_the_pages_speak_german(owner: Client, browser: Browser) -> None:
    assert "Anmelden" in read_text(await browser.open("/sign-in", **{"Accept-Language": "de"}))
    signed = await signed_in(owner)
    assert "Abmelden" in read_text(await signed.open("/dashboard?lang=de"))


async def test_begin_and_end_of_a_session_stand_in_the_audit(owner: Client) -> None:
    browser = await signed_in(owner)
    await browser.press("/sign-out")
    ended, begun = (await owner.get("/api/audit?limit=2")).json["audit"]
    assert (begun["action"], ended["action"]) == ("session.begun", "session.ended")
    assert begun["objectId"] == ended["objectId"]
    assert begun["actor"].startswith("token:")
    assert begun["after"]["address"] == "127.0.0.1"
