"""On German pages faults are said in German: at each field, for each wrong value, and where a page says no."""

import re

import pytest

from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.webhooks import endpoints
from dcvd.store.organizations.organizations import Organization
from tests.api.links.test_links import created
from tests.api.oauth.conftest import account, flow, ours, server
from tests.api.oauth.flow import Flow
from tests.served_app.client import Answer, Client
from tests.web.connect.visitor import Visitor
from tests.web.dashboard.test_events import list_ids
from tests.web.sign_in.browser import SAME_ORIGIN, Browser
from tests.web.sign_in.operating import signed_in_operator

__all__ = ["account", "flow", "ours", "server"]

GERMAN = {"Accept-Language": "de"}
DASHBOARD = "/dashboard"
CONNECT = f"{DASHBOARD}/connections/new"
TSIG = {"server": "ns1.customer.com", "port": "53", "zone": "customer.com", "keyName": "dcvd", "secret": "c2VjcmV0"}

WRONG_FIELDS = [
    *(
        ("/tokens/new", "/tokens", {"name": "deploy", "role": "member", **typed})
        for typed in (
            {"name": ""},
            {"name": "x" * 101},
            {"name": "a\x07b"},
            {"role": "king"},
            {"expiresAt": "tomorrow"},
            {"expiresAt": "2001-01-31"},
            {"domains": "shop..customer.com"},
            {"domains": "x" * 600},
            {"domains": " ".join(f"a{number}.customer.com" for number in range(150))},
            {"allowedNetworks": "10.0.0.0/99"},
            {"allowedNetworks": " ".join(f"10.0.0.{number}" for number in range(150))},
            {"memberId": "mem_none"},
            {"scope_nothing": "1"},
        )
    ),
    *(
        ("/members", "/members", {"address": "ada@acme.example", "role": "member", **typed})
        for typed in ({"address": "nobody"}, {"role": "king"})
    ),
    *(
        ("/alerts", "/alerts", {"address": "ada@acme.example", "which": "all", **typed})
        for typed in ({"address": "nobody"}, {"which": "chosen"}, {"which": "chosen", "kind_odd": "1"})
    ),
    *(
        ("/branding", "/branding", typed)
        for typed in (
            {"name": "x" * 101},
            {"primaryColor": "yellow"},
            {"backgroundColor": "white", "preview": "1"},
            {"language": "klingon!"},
            {"returnUrl": "http://acme.example"},
            {"embedOrigins": "ftp://acme.example"},
            {"embedOrigins": " ".join(f"https://a{number}.acme.example" for number in range(60))},
            {"logoUrl": "https://127.0.0.1/logo.png"},
        )
    ),
    *(
        ("/webhooks", "/webhooks", {"url": "https://hooks.customer.com/in", "which": "all", **typed})
        for typed in (
            {"url": ""},
            {"url": "http://hooks.customer.com/in"},
            {"url": "https://hooks.customer.com/" + "x" * 2048},
            {"url": "https://me:pass@hooks.customer.com/"},
            {"url": "https://hooks.customer.com/#part"},
            {"url": "https://hooks.customer.com:0/"},
            {"url": "https://hooks.customer.com:1234/"},
            {"url": "https://10.0.0.1/"},
            {"url": "https://localhost/"},
            {"url": "https://in valid/"},
            {"name": "x" * 101},
            {"which": "some"},
            {"which": "some", "event_domain.gone": "1"},
        )
    ),
    *(
        ("/domains/new", "/domains/new", {"domain": name})
        for name in ("", "shop", "shop.customer.con", "192.0.2.1", "*.customer.com", "co.uk", "shop..customer.com")
    ),
]
CREDENTIALS = [
    *(
        ("other_tsig", {**TSIG, **typed})
        for typed in (
            {"server": ""},
            {"server": "!"},
            {"port": "53x"},
            {"port": "0"},
            {"zone": "x" * 300},
            {"keyName": "!"},
            {"algorithm": "rot13"},
            {"secret": "not base64!"},
        )
    ),
    ("cloudflare_api_token", {"apiToken": "zwei Wörter"}),
    ("route53_aws_role", {"roleArn": "role", "externalId": "x"}),
]
WRONG_FILTERS = [
    "/events?domain=my+shop%21",
    "/events?type=domain.gone",
    "/audit?since=yesterday",
    "/audit?action=odd",
    "/audit?cursor=x",
    "/jobs?status=odd",
    "/jobs?cursor=%21",
    "/domains?finding=cname_mising",
    "/domains?status=odd",
    "/domains?cursor=%21",
    "/connections/new?form=odd",
    *(
        f"/{place}/{object_id}"
        for place, object_id in (
            ("domains", "dom_none"), ("events", "evt_none"), ("jobs", "job_none"), ("tokens", "tok_none"),
            ("members", "mem_none"), ("alerts", "ctc_none"), ("webhooks", "wh_none"), ("deliveries", "dlv_none"),
            ("connections", "con_none"),
        )
    ),
]  # fmt: skip


def assert_german(answer: Answer, what: object) -> None:
    """The page says no, says why, and says nothing in English."""
    page = answer.body.decode()
    assert 400 <= answer.status < 500, (what, answer.status)
    assert '<html lang="de">' in page, what
    assert 'role="alert"' in page, what
    quoted = [tag for tag in re.findall(r'<[^>]* lang="en"[^>]*>[^<]*', page) if "hreflang" not in tag]
    assert quoted == [], what


async def press(browser: Browser, action: str, *, on: str, **typed: str) -> Answer:
    """Press a button of a page in a browser that likes German best."""
    form = await browser.find_form(action, on=on)
    return await browser.send(action, {**form, **typed}, {**SAME_ORIGIN, **GERMAN})


async def test_at_the_fields_of_forms(owner_browser: Browser) -> None:
    for on, action, typed in WRONG_FIELDS:
        answer = await press(owner_browser, f"{DASHBOARD}{action}", on=f"{DASHBOARD}{on}", **typed)
        assert_german(answer, (action, typed))


@pytest.mark.parametrize("server", ["ours"], indirect=True)
async def test_at_credentials(owner_browser: Browser, flow: Flow) -> None:
    for form, typed in CREDENTIALS:
        assert_german(await press(owner_browser, CONNECT, on=f"{CONNECT}?form={form}", **typed), (form, typed))


@pytest.mark.parametrize("place", WRONG_FILTERS)
async def test_where_a_filter_or_an_address_is_wrong(owner_browser: Browser, place: str) -> None:
    assert_german(await owner_browser.open(f"{DASHBOARD}{place}", **GERMAN), place)


async def test_where_something_is_there_already_or_done(
    owner_browser: Browser, context: Context, organization: Organization
) -> None:
    for action, typed in (
        ("/members", {"address": "ada@acme.example", "role": "member"}),
        ("/alerts", {"address": "on-call@acme.example", "which": "all"}),
    ):
        path = f"{DASHBOARD}{action}"
        await press(owner_browser, path, on=path, **typed)
        assert_german(await press(owner_browser, path, on=path, **typed), action)
    domain = await additions.add(context, organization.id, "app.customer.com")
    endpoint, _ = await endpoints.create(context, organization.id, url="https://hooks.customer.com/a", events=["*"])
    (event_id,) = await list_ids(context, organization.id)
    page = f"{DASHBOARD}/events/{event_id}"
    for webhook in ("", "wh_none"):
        assert_german(await press(owner_browser, f"{page}/send", on=page, webhook=webhook), webhook)
    page = f"{DASHBOARD}/webhooks/{endpoint.id}"
    for since, until in (("soon", ""), ("2099-01-01T00:00", ""), ("2026-01-02T00:00", "2026-01-01T00:00")):
        answer = await press(owner_browser, f"{page}/replay", on=page, since=since, until=until)
        assert_german(answer, (since, until))
    page = f"{DASHBOARD}/domains/{domain.id}"
    assert_german(await press(owner_browser, f"{page}/links", on=page, days="0"), "a link for no day")


async def test_where_rights_do_not_suffice(owner: Client, member_browser: Browser) -> None:
    assert_german(await member_browser.open(f"{DASHBOARD}/audit", **GERMAN), "for admins and owners")
    limited = {"name": "t", "role": "admin", "domains": ["shop.customer.com"]}
    narrow = Browser(owner)
    await narrow.sign_in((await owner.post("/api/tokens", limited)).json["token"]["token"])
    for path in ("/webhooks", "/members", "/branding"):
        assert_german(await narrow.open(f"{DASHBOARD}{path}", **GERMAN), path)


async def test_on_pages_of_operators(operator: Client, anybody: Client, organization: Organization) -> None:
    browser = await signed_in_operator(operator, anybody)
    everyone = f"{DASHBOARD}/operator/organizations"
    one = f"{everyone}/{organization.id}"
    for action, on, typed in (
        (everyone, everyone, {"name": ""}),
        (everyone, everyone, {"name": "org_x"}),
        (everyone, everyone, {"name": organization.name}),
        (one, one, {"name": organization.name, "domains": "many"}),
        (one, one, {"name": organization.name, "domains": "9" * 18}),
        (one, one, {"name": organization.name, "tag": '"another"'}),
        (one, one, {"name": organization.name, "tag": "none"}),
        (f"{one}/delete", one, {"typed_name": "Acne"}),
    ):
        assert_german(await press(browser, action, on=on, **typed), (action, typed))
    for path in ("/domains?reason=cname_mising", "/domains?organization=Acne", "/jobs?status=odd", "/domains/dom_none"):
        assert_german(await browser.open(f"{DASHBOARD}/operator{path}", **GERMAN), path)


async def test_on_pages_of_customers(owner: Client) -> None:
    newcomer = Visitor(owner, (await created(owner))["token"])
    for name in ("", "shop", "shop.customer.con"):
        assert_german(await newcomer.send("/domain?lang=de", domain=name), name)
    await newcomer.send("/domain", domain="www.customer.com", confirmed="true")
    assert_german(await newcomer.send("/domain?lang=de", domain="shop.customer.com", confirmed="true"), "another one")
    ended = Visitor(owner, "dcv_link_" + "0" * 64)
    assert_german(await ended.open("?lang=de"), "no link")
