"""Which provider has a zone, asked by way of what the zone's owner and the provider say."""

from collections.abc import Callable

import dns.name
import pytest
from aiohttp import web

from dcvd.dns import DnsObserver
from dcvd.errors import NotFound, Retryable
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.providers.domain_connect.discovery import DomainConnectDiscovery
from dcvd.sandbox import Sandbox
from dcvd.sandbox.faults import DnsFault
from tests.providers.domain_connect.server import HOST, DomainConnectProvider
from tests.system_names import Resolver

TXT = "_domainconnect.customer.test"
SETTINGS = {"providerId": "p", "providerName": "P", "urlAPI": "https://a.test", "urlSyncUX": "https://a.test"}


@pytest.fixture
def discovery(observer: DnsObserver, guarded: GuardedFetcher) -> DomainConnectDiscovery:
    return DomainConnectDiscovery(observer.zones, guarded)


async def test_the_provider_of_a_zone_is_found_from_a_name_below_its_apex(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider
) -> None:
    found = await discovery.discover_provider("org_a", "app.shop.customer.test")
    assert found.zone == "customer.test"
    assert (found.provider.provider_id, found.provider.name) == ("provider.test", "Provider Inc.")
    assert found.provider.sync_url == f"https://{provider.prefix}"
    assert await discovery.has_template("org_a", found, "example.net", "domain")
    assert not await discovery.has_template("org_a", found, "example.net", "another")
    assert all("Authorization" not in request.headers for request in provider.requests)


async def test_a_name_that_has_a_cname_is_in_the_zone_above_it(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, zone: Sandbox
) -> None:
    zone.set_dns("app.customer.test", "CNAME", ["elsewhere.example.net."])
    assert (await discovery.discover_provider("org_a", "app.customer.test")).zone == "customer.test"


async def test_a_provider_that_names_its_service_by_a_cname_is_found(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, zone: Sandbox
) -> None:
    zone.delete_dns(TXT, "TXT")
    zone.set_dns(TXT, "CNAME", ["_domainconnect.example.net."])
    zone.set_dns("_domainconnect.example.net", "TXT", [f'"{provider.prefix}"'])
    assert (await discovery.discover_provider("org_a", "app.customer.test")).provider.provider_id == "provider.test"


async def test_a_zone_without_domain_connect_is_told_so(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, zone: Sandbox
) -> None:
    zone.delete_dns(TXT, "TXT")
    await not_found(discovery)
    assert provider.requests == []


async def test_each_service_is_asked_that_a_zone_names_until_one_has_the_zone(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, zone: Sandbox
) -> None:
    gone = f"{provider.prefix}-gone"
    for other in (gone, "aaa.provider.test", "zzz.provider.test", "no service"):
        zone.set_dns(TXT, "TXT", [f'"{other}"', f'"{provider.prefix}"'])
        assert (await discovery.discover_provider("org_a", "app.customer.test")).provider.provider_id == "provider.test"
    provider.zones.clear()
    await not_found(discovery)


async def test_where_one_service_cannot_say_and_no_other_has_the_zone_they_are_asked_again_later(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, zone: Sandbox
) -> None:
    zone.set_dns(TXT, "TXT", ['"aaa.provider.test"', f'"{provider.prefix}"'])
    provider.spoil = lambda request: web.Response(status=503)
    with pytest.raises(Retryable):
        await discovery.discover_provider("org_a", "app.customer.test")


@pytest.mark.parametrize(
    ("named", "is_offer"),
    [
        (["ns1.other.test", "ns2.other.test"], False),
        (["NS1.provider.test.", "ns9.provider.test"], True),
        ([], True),
    ],
)
async def test_a_provider_at_whose_name_servers_the_zone_is_not_is_no_offer(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, zone: Sandbox, named: list[str], is_offer: bool
) -> None:
    zone.set_dns("customer.test", "NS", ["ns1.provider.test.", "ns2.provider.test."])
    provider.settings["nameServers"] = named
    if is_offer:
        assert (await discovery.discover_provider("org_a", "app.customer.test")).provider.provider_id == "provider.test"
    else:
        refused = await not_found(discovery)
        assert "The name servers of customer.test are ns1.provider.test, ns2.provider.test" in refused.message


async def test_a_stale_record_is_told_so(discovery: DomainConnectDiscovery, provider: DomainConnectProvider) -> None:
    provider.zones.clear()
    await not_found(discovery)


async def test_a_host_that_does_not_exist_any_more_is_told_so(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, resolver: Resolver
) -> None:
    resolver.answers.clear()
    await not_found(discovery)


@pytest.mark.parametrize(
    "text",
    [
        "https://{prefix}",
        "{prefix}/../x",
        "{prefix}/%2e%2e",
        "{prefix}?a=",
        "user:secret@{prefix}",
        "{prefix}#",
        "localhost:{port}",
    ],
)
async def test_a_text_that_is_no_plain_host_and_path_is_not_called(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, zone: Sandbox, text: str
) -> None:
    zone.set_dns(TXT, "TXT", ['"' + text.format(prefix=provider.prefix, port=provider.port) + '"'])
    await not_found(discovery)
    assert provider.requests == []


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["fd00::1"], ["::ffff:10.0.0.1"]]
)
async def test_a_private_address_is_not_called_and_not_told(
    observer: DnsObserver, provider: DomainConnectProvider, zone: Sandbox, resolver: Resolver, addresses: list[str]
) -> None:
    resolver.answers[HOST] = [addresses]
    for prefix in (provider.prefix, HOST):
        zone.set_dns(TXT, "TXT", [f'"{prefix}"'])
        public = GuardedFetcher(EgressPolicy())
        await public.start()
        try:
            refused = await not_found(DomainConnectDiscovery(observer.zones, public))
        finally:
            await public.close()
        assert addresses[0] not in str(refused)
    assert provider.requests == []


async def test_an_api_on_a_private_address_is_not_called_either(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider
) -> None:
    provider.settings["urlAPI"] = "https://10.0.0.1/dc"
    found = await discovery.discover_provider("org_a", "app.customer.test")
    assert not await discovery.has_template("org_a", found, "example.net", "domain")


def redirect(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": request.path})


@pytest.mark.parametrize(
    "spoil",
    [
        redirect,
        lambda request: web.Response(text="not JSON"),
        lambda request: web.json_response({"providerId": 1}),
        lambda request: web.json_response([]),
        lambda request: web.json_response({**SETTINGS, "urlAPI": "http://connect.provider.test"}),
        lambda request: web.json_response({**SETTINGS, "urlSyncUX": "javascript:alert(1)"}),
        lambda request: web.Response(status=403),
    ],
    ids=["redirect", "text", "wrong type", "list", "plain http", "script", "forbidden"],
)
async def test_settings_that_cannot_be_used_are_no_offer(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, spoil: Callable[[web.Request], web.Response]
) -> None:
    provider.spoil = spoil
    await not_found(discovery)
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda request: web.Response(body=b"[" * 70_000),
        lambda request: web.Response(status=503),
        lambda request: web.Response(status=429),
    ],
    ids=["huge", "503", "429"],
)
async def test_a_provider_that_cannot_say_now_is_asked_again_later(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, spoil: Callable[[web.Request], web.Response]
) -> None:
    found = await discovery.discover_provider("org_a", "app.customer.test")
    provider.spoil = spoil
    with pytest.raises(Retryable):
        await discovery.discover_provider("org_a", "app.customer.test")
    with pytest.raises(Retryable):
        await discovery.has_template("org_a", found, "example.net", "domain")


async def test_where_our_own_resolver_is_down_no_zone_is_said_to_be_without_domain_connect(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, resolver: Resolver
) -> None:
    resolver.is_down = True
    with pytest.raises(Retryable, match="try again"):
        await discovery.discover_provider("org_a", "app.customer.test")
    assert provider.requests == []


async def test_a_provider_that_is_silent_costs_the_deadline(
    observer: DnsObserver, guarded: GuardedFetcher, provider: DomainConnectProvider
) -> None:
    # Enough time to be connected: a provider that cannot be is none.
    discovery = DomainConnectDiscovery(observer.zones, guarded, timeout_s=1.0)
    provider.answers.clear()
    with pytest.raises(Retryable):
        await discovery.discover_provider("org_a", "app.customer.test")
    provider.answers.set()


async def test_name_servers_that_fail_are_no_answer_of_the_zone(
    discovery: DomainConnectDiscovery, provider: DomainConnectProvider, zone: Sandbox
) -> None:
    zone.world.faults.add(
        DnsFault(id=zone.world.faults.new_id(), kind="servfail", name=dns.name.from_text("customer.test")), None
    )
    with pytest.raises(Retryable) as failed:
        await discovery.discover_provider("org_a", "app.customer.test")
    assert failed.value.code == "dns_unavailable"


async def not_found(discovery: DomainConnectDiscovery) -> NotFound:
    with pytest.raises(NotFound) as refused:
        await discovery.discover_provider("org_a", "app.customer.test")
    assert refused.value.code == "domain_connect_not_found"
    return refused.value
