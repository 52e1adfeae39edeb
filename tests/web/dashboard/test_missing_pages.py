"""Where no page stands, a person is told so in a page, and led back where they are signed in."""

import pytest

from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser


@pytest.mark.parametrize("place", ["nonsense", "domains/new/extra", "organizations", "operator/nonsense"])
async def test_who_is_signed_in_is_led_back(owner_browser: Browser, place: str) -> None:
    answer = await owner_browser.open(f"/dashboard/{place}")
    assert answer.status == 404
    assert "There is no such page." in read_text(answer)
    assert 'href="/dashboard"' in answer.body.decode()


@pytest.mark.parametrize("path", ["/connect/new/a/b/c", "/sign-in/nowhere/at/all"])
async def test_who_is_not_is_told_the_same(anybody: Client, path: str) -> None:
    answer = await anybody.get(path)
    assert answer.status == 404
    assert "There is no such page." in read_text(answer)
    assert "/dashboard" not in answer.body.decode()


async def test_a_program_is_answered_as_before(owner: Client) -> None:
    assert (await owner.get("/api/nonsense")).json["code"] == "route_not_found"
    assert (await owner.get("/nonsense")).json["code"] == "route_not_found"


async def test_what_a_form_is_sent_to_is_no_page(owner_browser: Browser) -> None:
    answer = await owner_browser.open("/dashboard/webhooks/wh_x/conformance")
    assert answer.status == 405
    assert answer.headers["Allow"] == "OPTIONS, POST"
    assert "There is no such page." in read_text(answer)
    assert 'href="/dashboard"' in answer.body.decode()
