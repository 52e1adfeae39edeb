"""Links that a customer follows, up to the record in his zone, with a provider that checks signatures."""

import asyncio
import json
import os
import random
import string
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.core.domains.domain import Domain
from dcvd.core.records.domain_connect import encode_query, public_key_texts
from dcvd.core.secret import Secret
from dcvd.dns import DnsObserver
from dcvd.errors import Conflict, InvalidInput, NotConfigured, NotFound
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.providers.domain_connect.discovery import DomainConnectDiscovery
from dcvd.providers.domain_connect.signing import encode_public_key, generate_key, sign
from dcvd.sandbox import Sandbox
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.records.domain_connect import ApplyUrl, build_apply_url
from dcvd.store import domains as stored_domains
from dcvd.store.engine.database import Database
from tests.conftest import VAULT
from tests.providers.domain_connect.server import DomainConnectProvider

RETURN = "https://app.example.net/back"
SUFFIX = "0123456789abcdef.dcv.cloudflare.com"


@pytest.fixture
def discovery(observer: DnsObserver, guarded: GuardedFetcher) -> DomainConnectDiscovery:
    return DomainConnectDiscovery(observer.zones, guarded)


@pytest.fixture
def context(database: Database, connect_config: Config) -> Context:
    return Context(database, Live(connect_config), vault=VAULT)


@pytest.fixture
async def domain(context: Context) -> Domain:
    organization = await organizations.create(context, "acme")
    return await additions.add(context, organization.id, "app.customer.test")


async def link(
    context: Context, discovery: DomainConnectDiscovery, domain: Domain, redirect_uri: str | None = None
) -> ApplyUrl:
    return await build_apply_url(
        context, discovery, lambda *_: nullcontext(), domain.org_id, domain.id, redirect_uri=redirect_uri
    )


async def test_a_customer_who_follows_the_link_has_the_record(
    context: Context,
    discovery: DomainConnectDiscovery,
    domain: Domain,
    provider: DomainConnectProvider,
    trusting_fetcher: Fetcher,
    observer: DnsObserver,
) -> None:
    made = await link(context, discovery, domain, RETURN)
    assert (made.provider_id, made.provider_name, made.zone) == ("provider.test", "Provider Inc.", "customer.test")
    assert (made.width, made.height) == (640, 480)
    answer = await trusting_fetcher.send("GET", made.url)
    assert (answer.status, answer.headers["location"]) == (303, f"{RETURN}?state={domain.id}")
    (record,) = await observer.zones.read_records("app.customer.test")
    assert (record.type, record.value, record.ttl) == ("CNAME", domain.cname_target, 3600)


async def test_a_delegated_domain_has_both_records_by_one_link(
    context: Context,
    discovery: DomainConnectDiscovery,
    domain: Domain,
    provider: DomainConnectProvider,
    trusting_fetcher: Fetcher,
    observer: DnsObserver,
) -> None:
    delegated = replace(domain, validation="delegated", challenge_target=f"app.customer.test.{SUFFIX}")
    await context.database.write(lambda tx: stored_domains.update(tx, delegated))
    assert (await trusting_fetcher.send("GET", (await link(context, discovery, domain)).url)).status == 200
    for name, value in (("", domain.cname_target), ("_acme-challenge.", f"app.customer.test.{SUFFIX}")):
        (record,) = await observer.zones.read_records(f"{name}app.customer.test")
        assert record.value == value


async def test_a_link_that_was_changed_is_refused_by_the_provider(
    context: Context,
    discovery: DomainConnectDiscovery,
    domain: Domain,
    provider: DomainConnectProvider,
    trusting_fetcher: Fetcher,
) -> None:
    made = await link(context, discovery, domain)
    names = [name for name, _ in parse_qsl(urlsplit(made.url).query)]
    assert names[-1] == "sig"
    assert names[:-2] == sorted(names[:-2])
    for changed in (made.url.replace("host=app", "host=www"), made.url.replace("domain=", "a=b&domain=")):
        assert (await trusting_fetcher.send("GET", changed)).status == 400


async def test_another_key_than_the_published_one_is_refused(
    context: Context,
    discovery: DomainConnectDiscovery,
    domain: Domain,
    provider: DomainConnectProvider,
    trusting_fetcher: Fetcher,
) -> None:
    config = context.config
    context.live_config.value = replace(
        config, providers_domain_connect=replace(config.providers_domain_connect, private_key=generate_key())
    )
    assert (await trusting_fetcher.send("GET", (await link(context, discovery, domain)).url)).status == 400


async def test_without_its_settings_it_says_which_are_missing_and_asks_nobody(
    context: Context, discovery: DomainConnectDiscovery, domain: Domain, provider: DomainConnectProvider
) -> None:
    context.live_config.value = replace(
        context.config, providers_domain_connect=replace(context.config.providers_domain_connect, private_key=None)
    )
    with pytest.raises(NotConfigured, match=r"domain_connect\.private_key_file"):
        await link(context, discovery, domain)
    assert provider.requests == []


async def test_a_provider_without_our_template_or_without_links_is_told(
    context: Context, discovery: DomainConnectDiscovery, domain: Domain, provider: DomainConnectProvider
) -> None:
    del provider.settings["urlSyncUX"]
    with pytest.raises(Conflict) as refused:
        await link(context, discovery, domain)
    assert refused.value.code == "template_not_supported"
    provider.settings["urlSyncUX"] = provider.settings["urlAPI"]
    connect = replace(context.config.providers_domain_connect, service_id="another")
    context.live_config.value = replace(context.config, providers_domain_connect=connect)
    with pytest.raises(Conflict) as refused:
        await link(context, discovery, domain)
    assert refused.value.code == "template_not_supported"


async def test_an_apex_and_a_record_that_is_not_known_yet_are_told(
    context: Context, discovery: DomainConnectDiscovery, domain: Domain, provider: DomainConnectProvider, zone: Sandbox
) -> None:
    apex = await additions.add(context, domain.org_id, "customer.test")
    with pytest.raises(Conflict) as refused:
        await link(context, discovery, apex)
    assert refused.value.code == "cname_at_apex"
    waiting = await additions.add(context, domain.org_id, "b.customer.test", validation="delegated")
    with pytest.raises(Conflict) as refused:
        await link(context, discovery, waiting)
    assert refused.value.code == "record_not_known_yet"


async def test_nobody_is_sent_back_to_an_address_that_is_not_configured(
    context: Context, discovery: DomainConnectDiscovery, domain: Domain, provider: DomainConnectProvider
) -> None:
    for address in (f"{RETURN}/", "https://evil.test", RETURN.upper()):
        with pytest.raises(InvalidInput) as refused:
            await link(context, discovery, domain, address)
        assert refused.value.field == "redirectUri"


async def test_a_domain_of_another_organization_is_not_there(
    context: Context, discovery: DomainConnectDiscovery, domain: Domain, provider: DomainConnectProvider
) -> None:
    other = await organizations.create(context, "others")
    with pytest.raises(NotFound):
        await build_apply_url(context, discovery, lambda *_: nullcontext(), other.id, domain.id, redirect_uri=None)
    assert provider.requests == []


_ORACLE = """
import base64, json, sys
from domainconnect import DomainConnect
given = json.load(sys.stdin)
print(json.dumps([DomainConnect._generate_sig(given["key"], each).decode() for each in given["unsigned"]]))
"""


async def test_signatures_are_those_of_the_domain_connect_library(signing_key: Secret) -> None:
    oracles = os.environ.get("DCVD_ORACLES")
    if oracles is None:
        pytest.skip("DCVD_ORACLES is not set: no domain-connect library to compare with")
    source = random.Random(11)
    alphabet = string.printable + "äß€\u2028😀"
    unsigned = [
        encode_query({"domain": "customer.test", "T": "".join(source.choices(alphabet, k=source.randrange(40)))})
        for _ in range(5)
    ]
    process = await asyncio.create_subprocess_exec(
        str(Path(oracles) / "bin" / "python"), "-c", _ORACLE,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    given = json.dumps({"key": signing_key.reveal(), "unsigned": unsigned}).encode()
    output, _ = await process.communicate(given)
    assert json.loads(output) == [sign(each, signing_key) for each in unsigned]


def test_a_key_of_ours_is_published_in_two_records(signing_key: Secret) -> None:
    assert len(public_key_texts(encode_public_key(signing_key))) == 2
    assert "PRIVATE" not in repr(signing_key)
