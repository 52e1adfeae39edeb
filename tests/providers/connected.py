"""A customer's zone on a sandbox's nameserver, and his DNS provider, which speaks Domain Connect."""

from collections.abc import AsyncIterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from msgspec.structs import replace

from dcvd.config import Config, parse_address
from dcvd.config.provider_sections import DomainConnectConfig, OtherProviderConfig
from dcvd.core.records.domain_connect import build_template, public_key_texts
from dcvd.core.secret import Secret
from dcvd.dns import DnsObserver
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.providers.domain_connect.signing import encode_public_key, generate_key
from dcvd.sandbox import Sandbox, SandboxSettings
from tests.dns.served import load
from tests.kit.egress.test_tls import make_certificate, trusting
from tests.providers.domain_connect.server import HOST, DomainConnectProvider
from tests.system_names import Resolver

TARGET = "edge.sandbox.test"


@pytest.fixture(scope="session")
def signing_key() -> Secret:
    return generate_key()


@pytest.fixture(scope="session")
def provider_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "provider.pem", host=HOST)


@pytest.fixture
async def zone() -> AsyncIterator[Sandbox]:
    """Its nameserver has customer.test, and the public key below example.net."""
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as sandbox:
        load(sandbox, "customer.test", "www A 192.0.2.1\n*.wild A 192.0.2.9")
        yield sandbox


@pytest.fixture
async def provider(
    zone: Sandbox, signing_key: Secret, provider_certificate: Path, resolver: Resolver
) -> AsyncIterator[DomainConnectProvider]:
    """Named by the customer's zone, with our template, and at an address of loopback."""
    ours = build_template(
        "example.net", "domain", key_domain="example.net", target=TARGET, provider_name="A", service_name="B"
    )
    quoted = [f'"{text}"' for text in public_key_texts(encode_public_key(signing_key))]
    zone.set_dns("_dcpubkeyv1.example.net", "TXT", quoted)
    resolver.answers[HOST] = [["127.0.0.1"]]
    async with DomainConnectProvider(zone, [ours]).serving(provider_certificate) as serving:
        zone.set_dns("_domainconnect.customer.test", "TXT", [f'"{serving.prefix}"'])
        yield serving


@pytest.fixture
def connect_config(config: Config, zone: Sandbox, signing_key: Secret) -> Config:
    """With our template, and with the asynchronous flow; `providers_other.api_base_url` is a test's own."""
    server = parse_address(zone.dns_address)
    stubs = dict.fromkeys(("customer.test", "example.net"), (server,))
    return replace(
        config,
        dns=replace(config.dns, resolvers=(server,), stub_zones=stubs),
        cloudflare=replace(config.cloudflare, cname_target=TARGET),
        providers_domain_connect=DomainConnectConfig(
            provider_id="example.net", service_id="domain", private_key=signing_key
        ),
        oauth=replace(config.oauth, return_to=("https://app.example.net/back",)),
        providers_other=OtherProviderConfig(write_driver="domain_connect"),
    )


@pytest.fixture
def observer(connect_config: Config) -> DnsObserver:
    return DnsObserver(connect_config)


@pytest.fixture
async def guarded(provider_certificate: Path) -> AsyncIterator[GuardedFetcher]:
    """May go to loopback, and trusts the provider's certificate."""
    policy = EgressPolicy(allow_private=(IPv4Network("127.0.0.0/8"),))
    fetcher = GuardedFetcher(policy, get_trust=trusting(provider_certificate))
    await fetcher.start()
    yield fetcher
    await fetcher.close()


@pytest.fixture
async def trusting_fetcher(provider_certificate: Path) -> AsyncIterator[Fetcher]:
    """Goes where the operator, or a customer's browser, wants to; it trusts the provider's certificate."""
    fetcher = Fetcher(get_trust=trusting(provider_certificate))
    await fetcher.start()
    yield fetcher
    await fetcher.close()
