"""A customer confirms our template at a provider that speaks Domain Connect, and comes back."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, expect

from dcvd.config.oauth_sections import OauthCloudflareConfig
from dcvd.config.provider_sections import DomainConnectConfig
from dcvd.core.records.domain_connect import build_template, public_key_texts
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.providers.domain_connect.discovery import DomainConnectDiscovery
from dcvd.providers.domain_connect.signing import encode_public_key, generate_key
from tests.kit.egress.test_tls import make_certificate, trusting
from tests.providers.domain_connect.server import HOST, DomainConnectProvider
from tests.system_names import Resolver
from tests.web.browser.place import TARGET, Place, Tenant
from tests.web.browser.visitor import visiting

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.sweep]


async def test_the_provider_writes_the_record_and_leads_back(
    place: Place, tenant: Tenant, browser: Browser, resolver: Resolver, tmp_path: Path
) -> None:
    key, certificate = generate_key(), make_certificate(tmp_path / "provider.pem", host=HOST)
    names = {"key_domain": "example.net", "target": TARGET, "provider_name": "A", "service_name": "B"}
    ours = build_template("example.net", "domain", **names)
    zone = place.new_zone()
    resolver.answers[HOST] = [["127.0.0.1"]]
    await place.set_dns("_dcpubkeyv1.example.net", "TXT", *map('"{}"'.format, public_key_texts(encode_public_key(key))))
    fetcher = GuardedFetcher(EgressPolicy(allow_private=(IPv4Network("127.0.0.0/8"),)), get_trust=trusting(certificate))
    await fetcher.start()
    context, services = place.daemon.context, place.daemon.services
    before = context.live_config.value, services.discovery
    try:
        template = DomainConnectConfig(provider_id="example.net", service_id="domain", private_key=key)
        context.live_config.value = replace(
            before[0], providers_domain_connect=template, oauth_cloudflare=OauthCloudflareConfig()
        )
        services.discovery = DomainConnectDiscovery(services.observer.zones, fetcher)
        async with DomainConnectProvider(place.sandbox, [ours]).serving(certificate) as provider:
            provider.zones = {zone}
            await place.set_dns(f"_domainconnect.{zone}", "TXT", f'"{provider.prefix}"')
            domain = await tenant.add(f"shop.{zone}")
            async with visiting(browser, place.url, ignore_https_errors=True) as visitor:
                await visitor.open(domain.path)
                page = visitor.page
                await page.get_by_role("button", name="Continue at Provider Inc.").click()
                await expect(page.get_by_role("heading", level=1)).to_have_text(f"{domain.name} is connected")
                assert page.url == f"{place.url}{domain.path}"
                visitor.require_no_problem()
    finally:
        context.live_config.value, services.discovery = before
        await fetcher.close()
