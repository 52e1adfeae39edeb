"""`/oauth/callback/{provider}`: what a customer's browser meets."""

from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from dcvd.core.tokens import Role
from dcvd.services import organizations, tokens
from dcvd.services.context import Context
from tests.api.client import Answer, Client, problem
from tests.api.conftest import EventDict
from tests.api.oauth.conftest import RETURN_TO
from tests.api.oauth.flow import CONNECTIONS, Flow
from tests.api.oauth.servers import HERE, OwnServer, query_of

EVIL = "<script>alert('1')</script>\"><img src=x onerror=alert(2)>"


class _Page(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.text = ""
        self.feed(answer.body.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def _page(answer: Answer, status: int) -> str:
    """The text of a page that loads nothing, runs nothing and tells nobody its own address."""
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")
    page = _Page(answer)
    assert page.elements <= {"html", "head", "meta", "title", "style", "body", "main", "h1", "p", "code"}
    return page.text


async def test_a_click_ends_on_a_plain_page_that_names_the_organization(
    flow: Flow, owner: Client, anybody: Client
) -> None:
    text = _page(await flow.click(owner, anybody), 200)
    assert "acme can now write DNS records for your domains" in text
    (made,) = (await owner.get(CONNECTIONS)).json["connections"]
    assert made["status"] == "active"


async def test_where_the_tenant_wants_it_the_browser_comes_back_to_him_with_the_connection_and_the_state(
    flow: Flow, owner: Client, anybody: Client
) -> None:
    begun = await flow.begin(owner, redirectUri=HERE, returnTo=RETURN_TO)
    answer = await flow.come_back(anybody, await flow.server.consent(begun["authorizationUrl"]))
    (made,) = (await owner.get(CONNECTIONS)).json["connections"]
    result = f"connection={made['id']}&state={begun['state']}"
    assert (answer.status, answer.headers["Location"]) == (303, f"{RETURN_TO}&{result}")
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_who_declines_is_told_that_nothing_was_connected(flow: Flow, owner: Client, anybody: Client) -> None:
    begun = await flow.begin(owner, redirectUri=HERE)
    back = await flow.server.consent(begun["authorizationUrl"], deny=True)
    assert "You declined" in _page(await flow.come_back(anybody, back), 400)
    assert "used before" in _page(await flow.come_back(anybody, back), 400)
    assert await flow.stored() == 0
    answer = await flow.click(owner, anybody, deny=True, returnTo=RETURN_TO)
    assert answer.status == 303
    assert answer.headers["Location"].startswith(f"{RETURN_TO}&error=access_denied&state=")


async def test_the_second_use_of_an_answer_connects_nothing(flow: Flow, owner: Client, anybody: Client) -> None:
    begun = await flow.begin(owner, redirectUri=HERE)
    back = await flow.server.consent(begun["authorizationUrl"])
    _page(await flow.come_back(anybody, back), 200)
    _page(await flow.come_back(anybody, back), 400)
    assert await flow.stored() == 1


async def test_another_issuer_in_the_answer_connects_nothing(flow: Flow, owner: Client, anybody: Client) -> None:
    begun = await flow.begin(owner, redirectUri=HERE)
    back = await flow.server.consent(begun["authorizationUrl"])
    forged = back.replace(quote(flow.server.url, safe=""), quote("https://evil.example", safe=""))
    assert forged != back
    assert "wrong_issuer" in _page(await flow.come_back(anybody, forged), 400)
    assert await flow.stored() == 0


@pytest.mark.parametrize("end", ["revoked", "read only"])
async def test_without_the_token_that_began_it_nothing_is_connected(
    end: str, own_flow: Flow, owner: Client, admin: Client, anybody: Client, context: Context, own: OwnServer
) -> None:
    begun = await own_flow.begin(owner, redirectUri=HERE)
    back = await own_flow.server.consent(begun["authorizationUrl"])
    if end == "revoked":
        (token,) = [
            each["id"] for each in (await admin.get("/api/tokens")).json["tokens"] if each["role"] == Role.OWNER
        ]
        assert (await admin.delete(f"/api/tokens/{token}")).status == 204
    else:
        await context.database.write(lambda tx: tx.run("UPDATE api_tokens SET role = 'member' WHERE id > ''"))
    _page(await own_flow.come_back(anybody, back), 400)
    assert (await own_flow.stored(), own.asked) == (0, [])


async def test_nothing_that_comes_from_outside_becomes_part_of_the_page(
    own_flow: Flow, anybody: Client, context: Context, log_lines: list[EventDict]
) -> None:
    evil = await organizations.create(context, EVIL)
    minted = await tokens.create(context, evil.id, name="x", role=Role.OWNER, expires_at=None)
    tenant = anybody.as_bearer(minted.plain.reveal())
    assert EVIL in _page(await own_flow.click(tenant, anybody), 200)
    begun = await own_flow.begin(tenant, redirectUri=HERE)
    query = f"state={begun['state']}&error={quote(EVIL)}&error_description={quote(EVIL)}"
    text = _page(await anybody.get(f"/oauth/callback/other?{query}"), 400)
    assert "authorization_failed" in text
    for query in (
        f"state={quote(EVIL)}&code={quote(EVIL)}",
        f"code={quote(EVIL)}",
        "",
        "state=a&state=b&code=c",
        "%ff",
    ):
        assert EVIL not in _page(await anybody.get(f"/oauth/callback/other?{query}"), 400)
    assert "\n" not in "".join(str(value) for line in log_lines for value in line.values())


async def test_an_address_that_is_none_and_a_look_without_a_visit_use_nothing_up(
    own_flow: Flow, owner: Client, anybody: Client
) -> None:
    begun = await own_flow.begin(owner, redirectUri=HERE)
    back = await own_flow.server.consent(begun["authorizationUrl"])
    query = back.partition("?")[2]
    for provider in ("route53", "elsewhere", "%3Cscript%3E"):
        problem(await anybody.get(f"/oauth/callback/{provider}?{query}"), 404, "route_not_found")
    _page(await anybody.get(f"/oauth/callback/cloudflare?{query.replace(query_of(back)['state'], 'x' * 43)}"), 400)
    assert (await anybody.call("HEAD", f"/oauth/callback/other?{query}")).status == 405
    assert (await anybody.post(f"/oauth/callback/other?{query}")).status == 405
    _page(await own_flow.come_back(anybody, back), 200)
