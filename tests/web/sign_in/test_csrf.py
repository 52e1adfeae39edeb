"""No other site writes with the rights of its visitor."""

from collections.abc import Mapping

import pytest

from dcvd.http.access.session_authentication import CSRF_FIELD, CSRF_HEADER
from tests.served_app.client import Answer, Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import ORIGIN, SAME_ORIGIN, Browser, signed_in

FOREIGN: list[Mapping[str, str]] = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
    {"Sec-Fetch-Site": "none", "Origin": ORIGIN},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "https://dcv.example.net.evil.example"},
    {"Origin": "https://dcv.example.net:8443"},
    {"Origin": "http://dcv.example.net"},
    {"Origin": "https://dcv.example.net@evil.example"},
]
OWN: list[Mapping[str, str]] = [
    SAME_ORIGIN,
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Origin": ORIGIN},
    {"Origin": f"{ORIGIN}:443"},
    {"Origin": "http://dcvd.test"},
]


@pytest.fixture
async def browser(owner: Client) -> Browser:
    return await signed_in(owner)


def check_refused(answer: Answer) -> None:
    assert answer.status == 403
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "did not come from a page of your session" in read_text(answer)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_write_from_elsewhere_is_refused_even_with_the_right_token(
    browser: Browser, headers: Mapping[str, str]
) -> None:
    check_refused(await browser.send("/sign-out", await browser.find_form("/sign-out"), headers))
    assert (await browser.open("/dashboard")).status == 200


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_no_other_site_signs_its_visitor_in(owner: Client, headers: Mapping[str, str]) -> None:
    assert owner.token is not None
    answer = await Browser(owner).send("/sign-in", {"token": owner.token}, headers)
    check_refused(answer)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("headers", OWN, ids=str)
async def test_a_write_from_a_page_of_ours_passes(browser: Browser, headers: Mapping[str, str]) -> None:
    assert (await browser.send("/sign-out", await browser.find_form("/sign-out"), headers)).status == 303


async def test_a_write_without_the_token_of_its_session_is_refused(browser: Browser, owner: Client) -> None:
    another = (await (await signed_in(owner)).find_form("/sign-out"))[CSRF_FIELD]
    right = (await browser.find_form("/sign-out"))[CSRF_FIELD]
    for fields in ({}, {CSRF_FIELD: ""}, {CSRF_FIELD: another}, {CSRF_FIELD: right[:-1]}, {"other": right}):
        check_refused(await browser.send("/sign-out", fields))
    for header in ("", another, right.upper()):
        # A header that is wrong is not made good by the field.
        check_refused(await browser.send("/sign-out", {CSRF_FIELD: right}, {**SAME_ORIGIN, CSRF_HEADER: header}))
    assert (await browser.open("/dashboard")).status == 200


async def test_what_is_no_form_is_refused_likewise(browser: Browser, owner: Client) -> None:
    headers = {**SAME_ORIGIN, "Content-Type": "application/json", "Cookie": f"__Host-dcvd_session={browser.secret}"}
    check_refused(await owner.as_bearer(None).post("/sign-out", data=b'{"a":1}', headers=headers))


async def test_scripts_send_the_token_in_a_header(browser: Browser) -> None:
    page = (await browser.open("/dashboard")).body.decode()
    right = (await browser.find_form("/sign-out"))[CSRF_FIELD]
    assert f"""hx-headers='{{"{CSRF_HEADER}":"{right}"}}'""" in page
    assert (await browser.send("/sign-out", {}, {**SAME_ORIGIN, CSRF_HEADER: right})).status == 303


async def test_pages_let_browsers_name_their_origin_to_us_and_to_nobody_else(browser: Browser) -> None:
    for path in ("/dashboard", "/sign-in"):
        assert (await browser.open(path)).headers.getall("Referrer-Policy") == ["same-origin"]
