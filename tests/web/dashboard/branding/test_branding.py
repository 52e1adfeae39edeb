"""How the organization looks is changed in the dashboard, with a look at the colours first."""

from typing import Any

from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser

BRANDING = "/dashboard/branding"
EMPTY = {"name": "", "primaryColor": "", "backgroundColor": "", "language": "", "returnUrl": "", "embedOrigins": ""}


async def read(owner: Client) -> Any:
    return (await owner.get("/api/organization/branding")).json["branding"]


async def test_what_the_form_says_is_stored_and_what_is_emptied_is_unset(owner_browser: Browser, owner: Client) -> None:
    typed = {
        "name": "Acme Shops",
        "primaryColor": "#FFD400",
        "language": "de",
        "returnUrl": "https://acme.example/domains",
        "embedOrigins": "https://app.acme.example\nhttps://admin.acme.example/",
    }
    answer = await owner_browser.press(BRANDING, on=BRANDING, **(EMPTY | typed))
    assert (answer.status, answer.headers["Location"]) == (303, f"{BRANDING}?done=done_branding_changed")
    stored = await read(owner)
    assert stored["primaryColor"] == "#ffd400"
    assert stored["embedOrigins"] == ["https://app.acme.example", "https://admin.acme.example"]
    assert (stored["name"], stored["language"], stored["backgroundColor"]) == ("Acme Shops", "de", None)
    await owner_browser.press(BRANDING, on=BRANDING, **EMPTY)
    assert [await read(owner)] == [{**stored, **dict.fromkeys(stored), "embedOrigins": []}]


async def test_colours_are_looked_at_without_being_stored(owner_browser: Browser, owner: Client) -> None:
    answer = await owner_browser.press(BRANDING, on=BRANDING, **EMPTY | {"primaryColor": "#ffd400", "preview": "1"})
    assert answer.status == 200
    assert "because #ffd400 could not be read" in read_text(answer)
    assert 'fill="#ffd400"' in answer.body.decode()
    assert (await read(owner))["primaryColor"] is None


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(owner_browser: Browser) -> None:
    for field, text, message in (
        ("primaryColor", "yellow", "is no colour such as"),
        ("returnUrl", "http://acme.example", "is no https:// URL"),
        ("language", "klingon!", "is no language tag"),
        ("embedOrigins", "ftp://acme.example", "is no origin such as"),
        ("logoUrl", "https://127.0.0.1/logo.png", "The logo was not taken"),
    ):
        answer = await owner_browser.press(BRANDING, on=BRANDING, **EMPTY | {field: text})
        body = answer.body.decode()
        assert answer.status == 400, field
        assert message in read_text(answer), field
        assert f'id="{field}-fault"' in body
        assert text in body
    preview = await owner_browser.press(BRANDING, on=BRANDING, **EMPTY | {"backgroundColor": "white", "preview": "1"})
    assert preview.status == 400


async def test_a_member_sees_it_and_cannot_change_it(member_browser: Browser) -> None:
    page = await member_browser.open(BRANDING)
    assert page.status == 200
    assert "Show without saving" not in read_text(page)
