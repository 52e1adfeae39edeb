"""The connect page in a frame: who may show it, what is left out, and the script that other sites include."""

import pytest

from tests.served_app.client import Answer, Client

SITE = "https://app.acme.example"


@pytest.fixture
async def page(owner: Client) -> str:
    """The path of a new domain's page."""
    domain = (await owner.post("/api/domains", {"domainName": "shop.customer.com"})).json["domain"]
    link = (await owner.post(f"/api/domains/{domain['id']}/links", {})).json["link"]
    return f"/connect/{link['token']}"


async def allow(owner: Client, *origins: str) -> None:
    changed = await owner.patch("/api/organization/branding", {"embedOrigins": list(origins)})
    assert changed.status == 200


def ancestors(answer: Answer) -> str:
    (policy,) = answer.headers.getall("Content-Security-Policy")
    (found,) = [part for part in policy.split("; ") if part.startswith("frame-ancestors ")]
    return found


async def test_nobody_frames_a_page_unless_the_organization_lists_them(
    owner: Client, anybody: Client, page: str
) -> None:
    answer = await anybody.get(f"{page}?embed={SITE}")
    assert ancestors(answer) == "frame-ancestors 'none'"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert b"data-parent" not in answer.body
    await allow(owner, SITE, "http://localhost:3000")
    # Also without ?embed=: who may frame a page does not hang on what its address says.
    for path in (page, f"{page}?embed={SITE}", f"{page}/progress"):
        answer = await anybody.get(path)
        assert ancestors(answer) == f"frame-ancestors {SITE} http://localhost:3000"
        assert "X-Frame-Options" not in answer.headers
    await allow(owner)
    answer = await anybody.get(page)
    assert (ancestors(answer), answer.headers["X-Frame-Options"]) == ("frame-ancestors 'none'", "DENY")


async def test_only_a_listed_site_is_told_what_happens(owner: Client, anybody: Client, page: str) -> None:
    await allow(owner, SITE)
    assert f'data-parent="{SITE}"'.encode() in (await anybody.get(f"{page}?embed={SITE}")).body
    for other in ("1", "https://evil.example", f"{SITE}.evil.example", "null", "*", '"><script>'):
        answer = await anybody.get(f"{page}?embed={other}")
        assert (answer.status, b"data-parent" in answer.body) == (200, False)
        assert b"evil.example" not in answer.body


async def test_in_a_frame_the_chrome_is_left_out_and_stays_out(owner: Client, anybody: Client, page: str) -> None:
    await allow(owner, SITE)
    whole, framed = await anybody.get(page), await anybody.get(f"{page}?embed={SITE}&lang=de")
    assert b"<header" in whole.body
    assert b"<footer" in whole.body
    assert b"<header" not in framed.body
    assert b"<footer" not in framed.body
    query = b"?lang=de&amp;embed=https%3A%2F%2Fapp.acme.example"
    assert page.encode() + b"/check" + query in framed.body
    assert page.encode() + b"/progress" + query in framed.body


async def test_a_failure_in_the_frame_is_told_too(owner: Client, anybody: Client) -> None:
    await allow(owner, SITE)
    link = (await owner.post("/api/links", {})).json["link"]
    answer = await anybody.get(f"/connect/{link['token']}/plan?embed={SITE}")
    assert answer.status == 404
    assert b'data-state="error" data-code="domain_missing"' in answer.body
    assert f'data-parent="{SITE}"'.encode() in answer.body
    assert ancestors(answer) == f"frame-ancestors {SITE}"


async def test_a_link_that_has_ended_is_framed_by_nobody(owner: Client, anybody: Client) -> None:
    await allow(owner, SITE)
    answer = await anybody.get(f"/connect/dcv_link_{'0' * 32}?embed={SITE}")
    assert (answer.status, ancestors(answer)) == (404, "frame-ancestors 'none'")
    assert b"data-parent" not in answer.body


async def test_other_sites_include_the_script_and_keep_it_for_an_hour(anybody: Client) -> None:
    answer = await anybody.get("/connect.js")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers.getall("Cache-Control") == ["public, max-age=3600"]
    assert answer.headers.getall("Cross-Origin-Resource-Policy") == ["cross-origin"]
    assert "Set-Cookie" not in answer.headers
    assert (await anybody.get("/connect.js?v=2")).body == answer.body
