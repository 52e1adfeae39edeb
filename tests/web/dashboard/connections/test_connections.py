"""Providers are connected and removed in the dashboard: by their consent page, and by credentials."""

import re
from html import unescape
from typing import Any

import pytest

from dcvd.core.oidc.people import VerifiedPerson
from dcvd.core.tokens.token import Role
from dcvd.services.sessions import member_sign_in
from dcvd.services.sessions.beginning import Browser as SignInBrowser
from dcvd.store.organizations.organizations import Organization
from tests.api.oauth.conftest import account, flow, ours, server
from tests.api.oauth.flow import Flow
from tests.marked import marked
from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser
from tests.web.sign_in.oidc.issuer import ADDRESS
from tests.web.sign_in.oidc.place import GROUPS, add_member, configure

__all__ = ["account", "flow", "ours", "server"]

pytestmark = pytest.mark.parametrize("server", ["ours"], indirect=True)

CONNECTIONS = "/dashboard/connections"
NEW = f"{CONNECTIONS}/new"


async def leave(browser: Browser) -> tuple[str, str]:
    """The address at the provider, and the cookie that the browser keeps meanwhile."""
    page = await browser.press(f"{CONNECTIONS}/authorize", on=CONNECTIONS)
    assert page.status == 200, page.body
    address = re.search(r'class="button" href="([^"]+)"', page.body.decode())
    assert address is not None
    return unescape(address[1]), page.headers["Set-Cookie"].partition(";")[0]


async def test_consent_at_the_provider_leads_back_to_the_connection(owner_browser: Browser, flow: Flow) -> None:
    assert "There is nothing here yet." in read_text(await owner_browser.open(CONNECTIONS))
    address, cookie = await leave(owner_browser)
    answer = await flow.callback(await flow.answered({"authorizationUrl": address}), cookie=cookie)
    (connection,) = (await flow.owner.get("/api/oauth/connections")).json["connections"]
    place = f"{CONNECTIONS}/{connection['id']}"
    assert (answer.status, answer.headers["Location"]) == (303, f"{place}?done=done_connected")
    text = read_text(await owner_browser.open(f"{place}?done=done_connected"))
    for part in ("The provider is connected.", "works", "consent at the provider (OAuth)", "No domain uses it."):
        assert part in text, part


async def test_whoever_declines_comes_back_and_reads_what_that_means(owner_browser: Browser, flow: Flow) -> None:
    address, cookie = await leave(owner_browser)
    refused = await flow.answered({"authorizationUrl": address}, consent=False)
    answer = await flow.callback(refused, cookie=cookie)
    assert (answer.status, answer.headers["Location"]) == (303, f"{CONNECTIONS}?failed=access_denied")
    assert "The consent was declined" in read_text(await owner_browser.open(f"{CONNECTIONS}?failed=access_denied"))
    assert "was not connected" in read_text(await owner_browser.open(f"{CONNECTIONS}?failed=%3Cscript%3E"))


async def test_the_domains_that_use_a_connection_are_counted_and_named_for_those_who_may_see_them(
    owner_browser: Browser, flow: Flow, owner: Client
) -> None:
    connection_id = await flow.connected()
    added = await owner.post("/api/domains", {"domainName": "shop.customer.com"})
    domain_id = added.json["domain"]["id"]
    await flow.context.database.write(
        lambda tx: tx.execute("UPDATE domains SET connection_id = ? WHERE id = ?", (connection_id, domain_id))
    )
    assert "none 1" in read_text(await owner_browser.open(CONNECTIONS))
    page = await owner_browser.open(f"{CONNECTIONS}/{connection_id}")
    assert "One domain uses it. shop.customer.com" in read_text(page)
    scoped = {"name": "dns", "role": "admin", "scopes": ["connections:read"]}
    narrow = Browser(owner)
    await narrow.sign_in((await owner.post("/api/tokens", scoped)).json["token"]["token"])
    text = read_text(await narrow.open(f"{CONNECTIONS}/{connection_id}"))
    assert "One domain uses it." in text
    assert "shop.customer.com" not in text
    assert "Remove" not in text


async def test_a_connection_is_removed_after_a_question(owner_browser: Browser, flow: Flow) -> None:
    path = f"{CONNECTIONS}/{await flow.connected()}"
    assert "It is revoked at the provider" in read_text(await owner_browser.open(path))
    answer = await owner_browser.press(f"{path}/remove", on=path)
    assert (answer.status, answer.headers["Location"]) == (303, f"{CONNECTIONS}?done=done_connection_removed")
    assert (await owner_browser.open(path)).status == 404
    await flow.assert_nothing_is_kept()


async def test_each_form_asks_for_what_its_provider_takes_and_hides_what_is_secret(
    owner_browser: Browser, flow: Flow
) -> None:
    page = (await owner_browser.open(CONNECTIONS)).body.decode()
    forms = set(re.findall(rf"{NEW}\?form=(\w+)", page))
    assert len(forms) == 6
    for form in forms:
        body = (await owner_browser.open(f"{NEW}?form={form}")).body.decode()
        hidden = set(re.findall(r'<input id="(\w+)"[^>]*type="password"', body))
        assert bool(hidden) == (form != "route53_aws_role"), form
    assert (await owner_browser.open(f"{NEW}?form=x")).status == 400


async def test_wrong_credentials_are_said_at_their_field_and_no_secret_comes_back(
    owner_browser: Browser, flow: Flow
) -> None:
    form = f"{NEW}?form=other_tsig"
    secret = marked("tsig")
    typed = {"server": "ns1.customer.com", "zone": "customer.com", "keyName": "dcvd", "secret": secret, "port": "53x"}
    for changes, message in (
        ({}, "port is no whole number."),
        ({"port": "53"}, "secret is not the key in base64."),
        ({"port": "53", "server": ""}, "server is missing."),
    ):
        answer = await owner_browser.press(NEW, on=form, **typed | changes)
        assert answer.status == 400
        assert message in read_text(answer)
        assert secret not in answer.body.decode()
        assert 'value="customer.com"' in answer.body.decode()


async def test_without_an_identity_at_aws_no_role_can_be_made(owner_browser: Browser, flow: Flow) -> None:
    answer = await owner_browser.press(f"{CONNECTIONS}/aws-external-ids", on=f"{NEW}?form=route53_aws_role")
    assert answer.status == 501


ISSUER = "https://id.example.net"


async def begin_member_session(flow: Flow, org_id: str, *, role: Role, role_group: str | None = None) -> Browser:
    """Sign a browser in as a member, as after their sign-in at a provider."""
    member_id = await add_member(flow.context, org_id, "mem_ann", role=role)
    person = VerifiedPerson(issuer=ISSUER, address=ADDRESS, role_group=role_group)
    begun = await member_sign_in.begin(flow.context, person, member_id, SignInBrowser())
    assert begun is not None
    browser = Browser(flow.anybody)
    browser.secret = begun.secret.reveal()
    return browser


@pytest.mark.parametrize(
    ("groups", "member"),
    [
        pytest.param({}, {"role": Role.ADMIN}, id="by their membership"),
        pytest.param(GROUPS, {"role": Role.MEMBER, "role_group": "dcvd-admins"}, id="by their group"),
    ],
)
async def test_a_member_who_may_write_connects_a_provider_without_a_token(
    flow: Flow, organization: Organization, groups: dict[str, Any], member: dict[str, Any]
) -> None:
    configure(flow.context, issuer=ISSUER, **groups)
    browser = await begin_member_session(flow, organization.id, **member)
    address, cookie = await leave(browser)
    answer = await flow.callback(await flow.answered({"authorizationUrl": address}), cookie=cookie)
    (connection,) = (await flow.owner.get("/api/oauth/connections")).json["connections"]
    assert answer.headers["Location"] == f"{CONNECTIONS}/{connection['id']}?done=done_connected"
    assert (await browser.open(f"{CONNECTIONS}/{connection['id']}")).status == 200
