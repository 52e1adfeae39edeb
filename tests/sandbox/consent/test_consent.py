"""The sandbox's authorization server, as a browser and a client meet it."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import msgspec
import pytest

from dcvd.sandbox import Sandbox
from tests.sandbox.conftest import Answer, Caller

VERIFIER = "v" * 43
CALLBACK = "http://127.0.0.1:8080/oauth/callback/cloudflare"
REQUEST = {
    "response_type": "code",
    "client_id": "sandbox-client",
    "redirect_uri": CALLBACK,
    "scope": "zone.read dns.read dns.write offline_access",
    "state": "a-state-of-mine",
    "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
    "code_challenge_method": "S256",
}


class Browser:
    """A customer's browser, and the client behind the redirect URI."""

    def __init__(self, session: aiohttp.ClientSession, sandbox: Sandbox) -> None:
        self._session = session
        self.sandbox = sandbox

    async def open(self, query: Mapping[str, str]) -> Answer:
        async with self._session.get(
            f"{self.sandbox.oauth_url}/auth?{urlencode(query)}", allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def post(self, path: str, form: Mapping[str, Any], authorization: str = "") -> Answer:
        headers = {"Authorization": authorization} if authorization else {}
        async with self._session.post(
            f"{self.sandbox.oauth_url}{path}", data=form, headers=headers, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def code(self, **changes: str) -> str:
        """By `auto=allow`."""
        return sent_back(await self.open({**REQUEST, **changes, "auto": "allow"}))["code"]

    async def token(self, **form: str) -> Answer:
        return await self.post("/token", form, basic("sandbox-client", "sandbox-client-secret"))

    async def exchange(self, code: str, **changes: str) -> Answer:
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **changes}
        return await self.token(grant_type="authorization_code", **form)

    async def refresh(self, token: str) -> Answer:
        return await self.token(grant_type="refresh_token", refresh_token=token)

    async def zones(self, token: str) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        async with self._session.get(f"{self.sandbox.api_url}/zones", headers=headers) as response:
            return Answer(response.status, response.headers, await response.read())


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def sent_back(answer: Answer) -> dict[str, str]:
    """The query with which the browser comes back."""
    assert answer.status == 303
    location = urlsplit(answer.headers["Location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == CALLBACK
    return {name: values[0] for name, values in parse_qs(location.query).items()}


def error(answer: Answer) -> tuple[int, str]:
    return answer.status, msgspec.json.decode(answer.raw)["error"]


@pytest.fixture
def browser(caller: Caller) -> Browser:
    return Browser(caller.session, caller.sandbox)


async def test_a_person_is_asked_on_a_page_that_loads_nothing_and_allows(browser: Browser) -> None:
    answer = await browser.open(REQUEST)
    page = answer.raw.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    for shown in ("Customer Inc.", "dns.write", "http://127.0.0.1:8080", ">Allow<", ">Deny<"):
        assert shown in page
    number = re.search(r'name="page" value="([^"]+)"', page)
    assert number is not None
    form = {"page": number[1], "answer": "allow", "scope": ["zone.read", "dns.read"]}
    back = sent_back(await browser.post("/auth", form))
    assert back.keys() == {"code", "state"}
    assert back["state"] == REQUEST["state"]
    # The scopes that were unticked are not granted, and without offline_access there is no refresh token.
    issued = (await browser.exchange(back["code"])).body
    assert (issued["scope"], "refresh_token" in issued) == ("zone.read dns.read", False)
    assert (await browser.post("/auth", form)).status == 400


async def test_a_person_can_say_no(browser: Browser) -> None:
    page = (await browser.open(REQUEST)).raw.decode()
    number = page.split('name="page" value="')[1].split('"')[0]
    back = sent_back(await browser.post("/auth", {"page": number, "answer": "deny"}))
    assert (back["error"], back["state"]) == ("access_denied", REQUEST["state"])
    assert sent_back(await browser.open({**REQUEST, "auto": "deny"}))["error"] == "access_denied"


async def test_the_token_opens_the_customers_zones_until_it_ends(caller: Caller, browser: Browser) -> None:
    issued = (await browser.exchange(await browser.code())).body
    assert (issued["token_type"], issued["expires_in"]) == ("bearer", 57600)
    await caller.control("POST", "/zones", {"name": "second.test"})
    await caller.control("POST", "/zones", {"name": "foreign.test", "account": "Another Inc."})
    zones = (await browser.zones(issued["access_token"])).result
    assert [zone["name"] for zone in zones] == ["customer.test", "second.test"]
    await caller.control("POST", "/clock", {"advance": "57600s"})
    assert (await browser.zones(issued["access_token"])).error == (401, 10000)


async def test_refresh_tokens_rotate_and_a_used_one_ends_them_all(browser: Browser) -> None:
    first = (await browser.exchange(await browser.code())).body
    second = (await browser.refresh(first["refresh_token"])).body
    assert second["refresh_token"] != first["refresh_token"]
    assert (await browser.zones(second["access_token"])).status == 200
    assert error(await browser.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert error(await browser.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert (await browser.zones(second["access_token"])).error == (401, 10000)


async def test_a_code_is_good_once_and_a_second_use_revokes_what_it_gave(browser: Browser) -> None:
    code = await browser.code()
    issued = (await browser.exchange(code)).body
    assert error(await browser.exchange(code)) == (400, "invalid_grant")
    assert (await browser.zones(issued["access_token"])).error == (401, 10000)
    assert error(await browser.refresh(issued["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "wrong",
    [{"code_verifier": "w" * 43}, {"code_verifier": ""}, {"redirect_uri": f"{CALLBACK}/"}, {"code": "unknown"}],
)
async def test_a_code_needs_its_verifier_and_its_redirect_uri(browser: Browser, wrong: dict[str, str]) -> None:
    form = {"code": await browser.code(), **wrong}
    assert error(await browser.exchange(**form)) == (400, "invalid_grant")


async def test_a_code_lasts_ten_minutes(caller: Caller, browser: Browser) -> None:
    code = await browser.code()
    await caller.control("POST", "/clock", {"advance": "10m"})
    assert error(await browser.exchange(code)) == (400, "invalid_grant")


async def test_clients_authenticate_by_basic_or_in_the_body(browser: Browser) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "unknown"}
    posted = {**form, "client_id": "sandbox-client", "client_secret": "sandbox-client-secret"}
    assert error(await browser.post("/token", posted)) == (400, "invalid_grant")
    for refused in (
        await browser.post("/token", form),
        await browser.post("/token", {**posted, "client_secret": "wrong"}),
        await browser.post("/token", form, basic("other", "sandbox-client-secret")),
        await browser.post("/revoke", {"token": "x"}),
    ):
        assert error(refused) == (401, "invalid_client")
    assert error(await browser.token(grant_type="password")) == (400, "unsupported_grant_type")


async def test_revoking_either_token_works_and_any_other_is_no_error(caller: Caller, browser: Browser) -> None:
    issued = (await browser.exchange(await browser.code())).body
    auth = basic("sandbox-client", "sandbox-client-secret")
    api_token = (await caller.control("POST", "/tokens", {"zones": ["customer.test"]})).body["token"]
    for token in ("unknown", api_token, issued["access_token"]):
        assert (await browser.post("/revoke", {"token": token}, auth)).status == 200
    assert (await browser.zones(api_token)).status == 200
    assert (await browser.zones(issued["access_token"])).error == (401, 10000)
    renewed = (await browser.refresh(issued["refresh_token"])).body
    await browser.post("/revoke", {"token": renewed["refresh_token"]}, auth)
    assert (await browser.zones(renewed["access_token"])).error == (401, 10000)
    assert error(await browser.refresh(renewed["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other"},
        {"redirect_uri": "http://127.0.0.1:8080/elsewhere"},
        {"redirect_uri": "http://evil.test/oauth/callback/cloudflare"},
        {"redirect_uri": "http://127.0.0.1:8080@evil.test/oauth/callback/cloudflare"},
        {"redirect_uri": f"{CALLBACK}?next=/"},
        {"redirect_uri": "http://127.0.0.1:x/oauth/callback/cloudflare"},
    ],
)
async def test_nobody_is_sent_anywhere_but_to_the_registered_client(browser: Browser, wrong: dict[str, str]) -> None:
    answer = await browser.open({**REQUEST, **wrong, "auto": "allow"})
    assert answer.status == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"state": "short"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "zone:read"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
    ],
)
async def test_what_cannot_be_asked_comes_back_with_its_error(
    browser: Browser, wrong: dict[str, str], name: str
) -> None:
    assert sent_back(await browser.open({**REQUEST, **wrong, "auto": "allow"}))["error"] == name


async def test_the_port_of_a_loopback_redirect_uri_is_free(browser: Browser) -> None:
    other = CALLBACK.replace("8080", "9999")
    answer = await browser.open({**REQUEST, "redirect_uri": other, "auto": "allow"})
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    assert answer.headers["Location"].startswith(other)
    assert (await browser.exchange(code, redirect_uri=other)).status == 200


async def test_an_access_token_is_no_api_token_to_verify(caller: Caller, browser: Browser) -> None:
    token = (await browser.exchange(await browser.code())).body["access_token"]
    url = f"{caller.sandbox.api_url}/user/tokens/verify"
    assert (await caller.raw("GET", url, headers={"Authorization": f"Bearer {token}"})).error == (401, 1000)


async def test_faults_strike_the_token_endpoint_too(caller: Caller, browser: Browser) -> None:
    code = await browser.code()
    await caller.control("POST", "/faults", {"kind": "lost_answer", "path": "/oauth2/token", "times": 1})
    with pytest.raises(aiohttp.ClientError):
        await browser.exchange(code)
    assert error(await browser.exchange(code)) == (400, "invalid_grant")
