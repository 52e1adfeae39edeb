"""How an organization looks: kept as it was given, and a logo that is fetched once and served from here."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from msgspec import Struct

from dcvd.api.app import Api
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.services.logos import LogoFetcher
from tests.core.test_images import GIF, PNG
from tests.kit.receivers import LOOPBACK, PUBLIC, receiver
from tests.served_app.client import Client, problem

BRANDING = "/api/organization/branding"
NOTHING: dict[str, object] = {
    **dict.fromkeys(("name", "primaryColor", "backgroundColor", "language", "returnUrl", "logoUrl")),
    "embedOrigins": [],
}


class Site(Struct):
    """A tenant's web server: what it answers, and how often it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = PNG
    requests: int = 0


@pytest.fixture
async def site(app: Api) -> AsyncIterator[Site]:
    found = Site()

    async def answer(_: web.Request) -> web.Response:
        found.requests += 1
        return web.Response(status=found.status, body=found.body, headers={"Location": "http://127.0.0.1:9/"})

    fetcher = GuardedFetcher(LOOPBACK)
    await fetcher.start()
    app.services.logos = LogoFetcher(fetcher)
    async with receiver(answer) as port:
        found.url = f"http://127.0.0.1:{port}/logo"
        yield found
    await fetcher.close()


async def test_it_is_kept_as_given_and_each_member_changes_alone(
    owner: Client, member: Client, stranger: Client
) -> None:
    assert (await owner.get(BRANDING)).json == {"branding": NOTHING}
    given = {
        "name": "Acme & Söhne",
        "primaryColor": "#0F62fe",
        "backgroundColor": "#ffffff",
        "language": "de-AT",
        "returnUrl": "https://acme.example/domains?tab=1",
        "embedOrigins": ["https://app.acme.example:8443", "http://localhost:3000"],
    }
    kept = {**NOTHING, **given, "primaryColor": "#0f62fe"}
    assert (await owner.patch(BRANDING, given)).json == {"branding": kept}
    changed = await owner.patch(BRANDING, {"language": None, "name": "Acme"})
    assert changed.json == {"branding": {**kept, "language": None, "name": "Acme"}}
    assert (await owner.patch(BRANDING, {})).json == changed.json
    assert (await member.get(BRANDING)).json == changed.json
    problem(await member.patch(BRANDING, {"name": "x"}), 403, "forbidden")
    assert (await stranger.get(BRANDING)).json == {"branding": NOTHING}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "x" * 101), ("name", "a\u202eb"), ("primaryColor", "red"), ("primaryColor", "#12345"),
        ("primaryColor", "#1234567"), ("backgroundColor", "#gggggg"), ("backgroundColor", "url(x)"), ("language", ""),
        ("language", "german language"), ("language", "e"), ("language", "en" + "-abcde" * 20),
        ("returnUrl", "http://acme.example/"), ("returnUrl", "javascript:alert(1)"), ("returnUrl", "https://"),
        ("returnUrl", "https://a@b.example/"), ("returnUrl", "https://acme.example/ x"), ("returnUrl", "https://a\\b/"),
        ("returnUrl", "https://acme.example/" + "x" * 2048), ("returnUrl", "//acme.example"), ("returnUrl", "https://acme.example/\"><script>"),
        ("returnUrl", "https://acme.example/{x}"), ("returnUrl", "https://acme.example/ä"),
        ("embedOrigins", "https://acme.example"), ("embedOrigins", ["https://acme.example", "*"]),
        ("embedOrigins", [f"https://a{number}.example" for number in range(21)]),
    ],
)  # fmt: skip
@pytest.mark.sampled(3)
async def test_a_bad_value_is_refused_naming_the_member_and_nothing_is_stored(
    owner: Client, field: str, value: str | list[str]
) -> None:
    problem(
        await owner.patch(BRANDING, {"backgroundColor": "#000000", field: value}), 400, "invalid_input", field=field
    )
    assert (await owner.get(BRANDING)).json == {"branding": NOTHING}


async def test_a_logo_is_fetched_once_and_served_to_anybody_for_ever(
    owner: Client, anybody: Client, site: Site
) -> None:
    shown = (await owner.patch(BRANDING, {"logoUrl": site.url})).json["branding"]
    assert shown["logoUrl"].startswith("https://dcv.example.net/branding/")
    path = shown["logoUrl"].removeprefix("https://dcv.example.net")
    answers = [await anybody.get(path) for _ in range(2)]
    for answer in answers:
        assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, PNG, "image/png")
    assert site.requests == 1
    headers = answers[0].headers
    assert headers.getall("Cache-Control") == ["public, max-age=31536000, immutable"]
    assert headers.getall("Cross-Origin-Resource-Policy") == ["cross-origin"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers.getall("Content-Security-Policy") == ["default-src 'none'; sandbox"]
    site.body = GIF
    other = (await owner.patch(BRANDING, {"logoUrl": site.url})).json["branding"]["logoUrl"]
    assert other != shown["logoUrl"]
    problem(await anybody.get(path), 404, "not_found")
    assert (await owner.patch(BRANDING, {"name": "Acme"})).json["branding"]["logoUrl"] == other
    assert (await owner.patch(BRANDING, {"logoUrl": None})).json["branding"]["logoUrl"] is None
    problem(await anybody.get(other.removeprefix("https://dcv.example.net")), 404, "not_found")


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404}, {"status": 302}, {"body": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}, {"body": b"<html>"},
        {"body": b""}, {"body": PNG + bytes(256 << 10)}, {"body": PNG[:16] + b"\x7f\xff\xff\xff" + PNG[20:]},
        {"body": PNG[:16] + bytes(4) + PNG[20:]},
    ],
)  # fmt: skip
async def test_what_is_no_small_image_is_refused_and_the_logo_stays(
    owner: Client, site: Site, answer: dict[str, Any]
) -> None:
    before = (await owner.patch(BRANDING, {"logoUrl": site.url})).json
    site.status, site.body = answer.get("status", 200), answer.get("body", PNG)
    problem(await owner.patch(BRANDING, {"name": "x", "logoUrl": site.url}), 400, "logo_unusable", field="logoUrl")
    assert (await owner.get(BRANDING)).json == before


@pytest.mark.parametrize("url", ["", "x", "http://127.0.0.1:1/", "http://169.254.169.254/", "ftp://a.example/"])
async def test_a_logo_is_fetched_from_public_addresses_alone(owner: Client, app: Api, url: str) -> None:
    fetcher = GuardedFetcher(PUBLIC)
    await fetcher.start()
    app.services.logos = LogoFetcher(fetcher)
    problem(await owner.patch(BRANDING, {"logoUrl": url}), 400, "logo_unusable", field="logoUrl")
    await fetcher.close()


@pytest.mark.parametrize("is_operator", [False, True])
async def test_one_organization_cannot_have_us_call_an_address_all_the_time(
    owner: Client, operator: Client, site: Site, is_operator: bool
) -> None:
    client, path = (operator, "/operator/organizations/Acme/branding") if is_operator else (owner, BRANDING)
    statuses = [(await client.patch(path, {"logoUrl": site.url})).status for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    assert site.requests == 10
