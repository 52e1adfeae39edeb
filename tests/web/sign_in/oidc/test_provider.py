"""What the provider does, or does not, is told plainly, and costs nobody else anything."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.kit.http.fetch import Fetcher
from dcvd.oauth.openid import OpenIdClient
from dcvd.services.context import Context
from tests.manual_clock import ManualMonotonic
from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser
from tests.web.sign_in.oidc.issuer import ADDRESS, SUBJECT, FakeIssuer
from tests.web.sign_in.oidc.place import ATTEMPT, CALLBACK, OidcBrowser

DISCOVERY = "/.well-known/openid-configuration"


async def test_the_sign_in_page_offers_the_provider_where_there_is_one(issuer: FakeIssuer, anybody: Client) -> None:
    browser = Browser(anybody)
    page = await browser.open("/sign-in?next=%2Fdashboard%3Fa%3Db")
    assert "Sign in with Fake ID" in read_text(page)
    assert 'href="/sign-in/oidc?next=/dashboard%3Fa%3Db"' in page.body.decode()
    assert "Mit Fake ID anmelden" in read_text(await browser.open("/sign-in", **{"Accept-Language": "de"}))


async def test_without_a_provider_there_is_no_such_sign_in(anybody: Client) -> None:
    browser = Browser(anybody)
    assert "Sign in with" not in (await browser.open("/sign-in")).body.decode().replace("Sign in with a token", "")
    assert (await browser.open(f"{CALLBACK}?code=x&state=y")).status == 501


async def test_a_browser_is_sent_there_with_what_fits_its_own_answer_alone(
    issuer: FakeIssuer, browser: OidcBrowser
) -> None:
    url = await browser.begin()
    for part in ("scope=openid%20email", "nonce=", "code_challenge=", "state=", "code_challenge_method=S256",
                 "redirect_uri=https%3A%2F%2Fdcv.example.net%2Fsign-in%2Foidc%2Fcallback"):  # fmt: skip
        assert part in url, part
    assert browser.attempt.partition(".")[0] not in url
    again = await browser.begin()
    assert url != again
    answer = await browser.open("/sign-in/oidc")
    (cookie,) = answer.headers.getall("Set-Cookie")
    assert {"HttpOnly", "Path=/", "Secure", "SameSite=lax", "Max-Age=600"} <= set(cookie.split("; "))


async def test_whoever_signs_in_goes_where_they_came_from(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str
) -> None:
    answer = await browser.sign_in_at(issuer, "/dashboard?a=b")
    assert (answer.status, answer.headers["Refresh"]) == (200, "0; url=/dashboard?a=b")
    assert (await browser.open("/dashboard?a=b")).status == 200
    assert browser.attempt == ""


async def test_whoever_only_asks_whether_the_way_back_works_uses_no_answer_up(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str
) -> None:
    query = issuer.authorize(await browser.begin())
    assert (await browser.open(f"{CALLBACK}?{query}", method="HEAD")).status == 405
    assert (await browser.come_back(query)).status == 200
    assert browser.secret is not None


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_nobody_is_led_to_another_site(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, path: str
) -> None:
    assert (await browser.sign_in_at(issuer, path)).headers["Refresh"] == "0; url=/dashboard"


async def test_an_answer_to_another_browser_signs_nobody_in(
    issuer: FakeIssuer, browser: OidcBrowser, anybody: Client, member_id: str
) -> None:
    query = issuer.authorize(await browser.begin())
    stranger = OidcBrowser(anybody)
    assert (await stranger.come_back(query)).status == 400
    await stranger.begin()
    answer = await stranger.come_back(query)
    assert answer.status == 400
    assert "does not belong to a sign-in that this browser began" in read_text(answer)
    assert stranger.secret is None
    assert issuer.token_requests == []
    assert (await browser.come_back(query)).status == 200


async def test_an_answer_is_good_for_one_use(issuer: FakeIssuer, browser: OidcBrowser, member_id: str) -> None:
    query = issuer.authorize(await browser.begin())
    attempt = browser.attempt
    assert (await browser.come_back(query)).status == 200
    browser.secret, browser.attempt = None, attempt
    assert (await browser.come_back(query)).status == 400
    assert browser.secret is None


@pytest.mark.parametrize(
    "query", ["", "code=x", "state=x", "code=a&code=b&state=x", "error=access_denied", "%ff=1&state"]
)
async def test_an_answer_that_is_none_is_refused(issuer: FakeIssuer, browser: OidcBrowser, query: str) -> None:
    await browser.begin()
    assert (await browser.come_back(query)).status == 400


async def test_whoever_declines_is_told_so(issuer: FakeIssuer, browser: OidcBrowser, member_id: str) -> None:
    query = issuer.authorize(await browser.begin(), code="", error="access_denied")
    answer = await browser.come_back(query)
    assert answer.status == 403
    assert "Fake ID did not let you in, or you declined" in read_text(answer)


async def test_an_answer_that_names_another_issuer_is_refused(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str
) -> None:
    query = issuer.authorize(await browser.begin(), iss="https://evil.example")
    assert (await browser.come_back(query)).status == 502
    assert issuer.token_requests == []


@pytest.mark.parametrize(("changes", "status"), [({}, 502), ({"iss": "{issuer}"}, 200)])
async def test_an_issuer_that_names_itself_always_has_to(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, changes: dict[str, str], status: int
) -> None:
    issuer.metadata = {"authorization_response_iss_parameter_supported": True}
    named = {name: value.format(issuer=issuer.url) for name, value in changes.items()}
    assert (await browser.come_back(issuer.authorize(await browser.begin(), **named))).status == status


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"}, {"issuer": None}, {"authorization_endpoint": None},
        {"authorization_endpoint": "http://evil.example/authorize"}, {"token_endpoint": "javascript:alert(1)"},
        {"jwks_uri": 7},
    ],
)  # fmt: skip
async def test_metadata_that_may_be_somebody_elses_are_not_used(
    issuer: FakeIssuer, browser: OidcBrowser, metadata: dict[str, Any]
) -> None:
    issuer.metadata = metadata
    answer = await browser.open("/sign-in/oidc")
    assert answer.status == 502
    assert "Location" not in answer.headers


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks", "/token", "/userinfo"])
async def test_an_outage_is_told_plainly_and_passes(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, path: str, monotonic: ManualMonotonic
) -> None:
    issuer.claims, issuer.userinfo = {"email": None}, {"sub": SUBJECT, "email": ADDRESS, "email_verified": True}
    issuer.statuses = {path: 503}
    if path == DISCOVERY:
        answer = await browser.open("/sign-in/oidc")
    else:
        answer = await browser.sign_in_at(issuer)
    assert answer.status == 503
    assert "Fake ID does not answer now" in read_text(answer)
    issuer.statuses = {}
    monotonic.now += 6
    assert (await browser.sign_in_at(issuer)).status == 200


async def test_an_issuer_that_is_not_there_is_told_plainly(
    issuer: FakeIssuer, browser: OidcBrowser, context: Context
) -> None:
    oidc = replace(context.config.web_oidc, issuer="http://127.0.0.1:1")
    context.live_config.value = replace(context.config, web_oidc=oidc)
    assert (await browser.open("/sign-in/oidc")).status == 503


@pytest.mark.parametrize("keys", [{"keys": ["x" * 300_000]}, {"keys": [{"kty": "RSA", "n": "A" * 280_000}]}])
async def test_more_keys_than_anybody_has_are_not_read(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, keys: dict[str, Any]
) -> None:
    issuer.keys = keys
    assert (await browser.sign_in_at(issuer)).status == 503


@pytest.mark.parametrize(
    "answer",
    [
        (200, []), (200, {"access_token": "a"}), (200, {"access_token": "a", "token_type": "mac"}), (302, {}),
        (401, {"error": "invalid_client"}), (400, {"error": "unauthorized_client"}), (400, {"error": ["x"]}),
        (200, {"access_token": "x" * 70_000, "token_type": "Bearer"}),
    ],
)  # fmt: skip
async def test_a_token_endpoint_that_answers_nonsense_signs_nobody_in(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, answer: tuple[int, Any]
) -> None:
    issuer.token_answer = answer
    assert (await browser.sign_in_at(issuer)).status in (502, 503)
    assert browser.secret is None


async def test_a_slow_provider_keeps_nobody_waiting_for_ever(
    app: Api, issuer: FakeIssuer, browser: OidcBrowser, context: Context, member_id: str
) -> None:
    fetcher = Fetcher()
    await fetcher.start()
    app.services.openid = OpenIdClient(fetcher, context.live_config, deadline_s=0.2)
    issuer.gate = asyncio.Event()
    try:
        assert (await browser.open("/sign-in/oidc")).status == 503
        issuer.gate.set()
        query = issuer.authorize(await browser.begin())
        issuer.gate.clear()
        assert (await browser.come_back(query)).status == 503
    finally:
        issuer.gate.set()
        await fetcher.close()


async def test_one_client_asks_the_provider_so_often_and_no_more(issuer: FakeIssuer, browser: OidcBrowser) -> None:
    statuses = [(await browser.open("/sign-in/oidc")).status for _ in range(70)]
    assert statuses == [303] * 60 + [429] * 10


async def test_all_addresses_of_a_network_that_one_client_is_given_are_one_client(issuer: FakeIssuer, app: Api) -> None:
    statuses = [await ask_from(app, f"2001:db8::{number:x}") for number in range(1, 71)]
    assert statuses == [303] * 60 + [429] * 10
    assert await ask_from(app, "2001:db8:0:1::1") == 303


async def ask_from(app: Api, address: str) -> int:
    """Ask for the way to the provider from an address; returns the status."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http", "method": "GET", "path": "/sign-in/oidc", "raw_path": b"/sign-in/oidc", "root_path": "",
        "query_string": b"", "http_version": "1.1", "scheme": "https", "server": ("dcv.example.net", 443),
        "client": (address, 4711), "headers": [], "extensions": {},
    }  # fmt: skip
    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


async def test_no_cookie_of_another_application_of_the_domain_hides_the_attempt(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, anybody: Client
) -> None:
    query = issuer.authorize(await browser.begin("/dashboard?a=b"))
    cookie = f'prefs={{"theme": "dark"}}; {ATTEMPT}={browser.attempt}'
    answer = await anybody.get(f"{CALLBACK}?{query}", headers={"Cookie": cookie})
    assert (answer.status, answer.headers["Refresh"]) == (200, "0; url=/dashboard?a=b")


async def test_userinfo_says_who_it_is_where_the_id_token_does_not(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str
) -> None:
    issuer.claims = {"email": None, "email_verified": None}
    issuer.userinfo = {"sub": SUBJECT, "email": ADDRESS, "email_verified": True}
    assert (await browser.sign_in_at(issuer)).status == 200


@pytest.mark.parametrize("subject", ["user-2", None, 7])
async def test_userinfo_of_somebody_else_signs_nobody_in(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, subject: object
) -> None:
    issuer.claims = {"email": None}
    issuer.userinfo = {"sub": subject, "email": ADDRESS, "email_verified": True}
    assert (await browser.sign_in_at(issuer)).status == 502


async def test_an_address_and_its_verification_come_from_one_place(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str
) -> None:
    issuer.claims = {"email": ADDRESS, "email_verified": None}
    issuer.userinfo = {"sub": SUBJECT, "email": "other@example.net", "email_verified": True}
    answer = await browser.sign_in_at(issuer)
    assert answer.status == 403
    assert "knows you as other@example.net" in read_text(answer)


async def test_the_secret_of_the_client_goes_to_the_token_endpoint_alone(
    issuer: FakeIssuer, browser: OidcBrowser, context: Context, member_id: str
) -> None:
    oidc = replace(context.config.web_oidc, auth_method="client_secret_post")
    context.live_config.value = replace(context.config, web_oidc=oidc)
    assert (await browser.sign_in_at(issuer)).status == 200
    (form,) = issuer.token_requests
    assert oidc.client_secret is not None
    assert form["client_secret"] == oidc.client_secret.reveal()
    assert form["grant_type"] == "authorization_code"
