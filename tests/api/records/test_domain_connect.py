"""`POST /api/domains/{id}/domain-connect`, with a provider that checks its links."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.config import Config
from dcvd.config.sections import DomainsConfig
from dcvd.core.instants import HOUR
from dcvd.dns import DnsObserver
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.providers.domain_connect.discovery import DomainConnectDiscovery
from dcvd.sandbox import Sandbox
from dcvd.services.context import Context
from dcvd.services.domains import queries
from dcvd.services.lifecycle import checks
from dcvd.store.organizations.organizations import Organization
from tests.dns.served import load
from tests.manual_clock import ManualClock
from tests.providers.connected import (
    connect_config,
    guarded,
    provider,
    provider_certificate,
    signing_key,
    trusting_fetcher,
    zone,
)
from tests.providers.domain_connect.server import DomainConnectProvider
from tests.served_app.client import Client, problem
from tests.served_app.fixtures import EventDict

__all__ = ["connect_config", "guarded", "provider", "provider_certificate", "signing_key", "trusting_fetcher", "zone"]


@pytest.fixture
def connected(app: Api, context: Context, connect_config: Config, guarded: GuardedFetcher) -> Iterator[None]:
    """The application with a template of ours, and leave to go to the provider."""
    parts = app.services
    before = parts.discovery
    context.live_config.value = replace(connect_config, domains=DomainsConfig(allow_reserved_tlds=("test",)))
    parts.discovery = DomainConnectDiscovery(DnsObserver(connect_config).zones, guarded)
    yield
    parts.discovery = before


async def added(owner: Client) -> str:
    answer = await owner.post("/api/domains", {"domainName": "app.customer.test"})
    return f"/api/domains/{answer.json['domain']['id']}/domain-connect"


@pytest.mark.usefixtures("connected")
async def test_a_tenant_gets_a_link_for_his_customer(
    owner: Client, provider: DomainConnectProvider, trusting_fetcher: Fetcher
) -> None:
    path = await added(owner)
    answer = await owner.post(path)
    assert answer.status == 200
    assert answer.json["provider"] == {"id": "provider.test", "name": "Provider Inc."}
    assert (answer.json["zone"], answer.json["width"], answer.json["height"]) == ("customer.test", 640, 480)
    assert (await trusting_fetcher.send("GET", answer.json["applyUrl"])).status == 303
    back = (await owner.post(path, {"redirectUri": "https://app.example.net/back"})).json["applyUrl"]
    assert "redirect_uri=https%3A%2F%2Fapp.example.net%2Fback" in back
    problem(await owner.post(path, {"redirectUri": "https://evil.test"}), 400, "invalid_input", field="redirectUri")


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("returns", [True, False])
async def test_a_customer_comes_back_to_where_their_link_leads(
    owner: Client, provider: DomainConnectProvider, returns: bool
) -> None:
    path = await added(owner)
    body = {"returnTo": "https://app.example.net/back"} if returns else {}
    created = await owner.post(path.replace("/domain-connect", "/links"), body)
    assert created.status == 201, created.body
    customer = owner.as_bearer(created.json["link"]["token"])
    answer = await customer.post(path)
    assert answer.status == 200, answer.body
    assert ("redirect_uri=https%3A%2F%2Fapp.example.net%2Fback" in answer.json["applyUrl"]) is returns
    problem(await customer.post(path, {"redirectUri": "https://evil.test"}), 400, "invalid_input", field="redirectUri")


@pytest.mark.usefixtures("connected")
async def test_what_stands_in_the_way_of_a_link_is_a_problem_of_its_own(
    owner: Client, member: Client, stranger: Client, provider: DomainConnectProvider
) -> None:
    path = await added(owner)
    problem(await member.post(path), 403, "forbidden")
    problem(await stranger.post(path), 404, "not_found")
    assert provider.requests == []
    del provider.settings["urlSyncUX"]
    problem(await owner.post(path), 409, "template_not_supported")
    provider.zones.clear()
    problem(await owner.post(path), 404, "domain_connect_not_found")


async def test_without_a_template_the_missing_settings_are_named(owner: Client, log_lines: list[EventDict]) -> None:
    answer = await owner.post("/api/domains", {"domainName": "app.customer.com"})
    refused = await owner.post(f"/api/domains/{answer.json['domain']['id']}/domain-connect", {})
    assert "providers.domain_connect.provider_id" in problem(refused, 501, "not_set_up")["detail"]
    assert not [line for line in log_lines if line["log_level"] == "error"]


@pytest.mark.usefixtures("connected")
async def test_a_customer_who_is_expected_nowhere_else_ends_on_a_page_and_his_domain_is_looked_at(
    owner: Client, anybody: Client, provider: DomainConnectProvider, trusting_fetcher: Fetcher, context: Context,
    organization: Organization, clock: ManualClock,
) -> None:  # fmt: skip
    path = await added(owner)
    domain_id = path.split("/")[3]
    domain = await queries.get(context, organization.id, domain_id)
    await checks.postpone(context, domain, clock.now() + HOUR)
    done = await trusting_fetcher.send("GET", (await owner.post(path)).json["applyUrl"])
    back = done.headers["location"].removeprefix("https://dcv.example.net")
    assert back == f"/domain-connect/done?state={domain_id}"

    async def is_due() -> bool:
        return (await queries.get(context, organization.id, domain_id)).next_check_at == clock.now()

    for unproven in (f"{back}&error=access_denied", "/domain-connect/done?state=dom_x", "/domain-connect/done"):
        assert (await anybody.get(unproven)).status == 200
    assert (await anybody.call("HEAD", back)).status == 200
    assert not await is_due()
    answer = await anybody.get(back)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert await is_due()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("error=access_denied&error_description=user_cancel", "You cancelled"),
        ("error=access_denied", "does not let you"),
        ("error=%3Cscript%3E&error_description=%3Cscript%3E", "could not do it"),
        ("", "sets the record"),
    ],
)
async def test_the_page_says_what_the_provider_says_in_words_of_ours(anybody: Client, query: str, said: str) -> None:
    answer = await anybody.get(f"/domain-connect/done?{query}")
    assert answer.status == 200
    assert said in answer.body.decode()
    assert b"<script" not in answer.body
    german = await anybody.get(f"/domain-connect/done?{query}", headers={"Accept-Language": "de"})
    assert "Sie können dieses Fenster schließen." in german.body.decode()
    assert german.headers["Content-Language"] == "de"
    assert said not in german.body.decode()


@pytest.mark.usefixtures("connected")
async def test_consent_for_one_hostname_needs_its_name(owner: Client, zone: Sandbox) -> None:
    load(zone, "test", "")
    wish = {"provider": "other", "domainName": "app.nowhere.test"}
    problem(await owner.post("/api/oauth/authorize", {"provider": "other"}), 400, "invalid_input", field="domainName")
    problem(await owner.post("/api/oauth/authorize", wish), 404, "zone_not_found")
    wish = {"provider": "cloudflare", "domainName": "app.customer.test"}
    problem(await owner.post("/api/oauth/authorize", wish), 400, "invalid_input", field="domainName")
