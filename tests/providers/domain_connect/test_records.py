"""The asynchronous flow: a driver that has a provider apply our template with an access token."""

import pytest
from aiohttp import web
from msgspec.structs import replace

from dcvd.config import Config
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.dns import DnsObserver
from dcvd.errors import Permanent, RecordConflict, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.domain_connect.records import TemplateRecords
from dcvd.sandbox import Sandbox
from tests.leaks import MARK
from tests.marked import marked
from tests.providers.connected import TARGET
from tests.providers.domain_connect.server import TOKEN, DomainConnectProvider

ZONE = Zone(id="customer.test", name="customer.test")
OURS = ZoneRecord(type="CNAME", name="app.customer.test", value=TARGET)
CHALLENGE = ZoneRecord(
    type="CNAME",
    name="_acme-challenge.app.customer.test",
    value="app.customer.test.0123456789abcdef.dcv.cloudflare.com",
)


def driver(
    provider: DomainConnectProvider,
    config: Config,
    trusting_fetcher: Fetcher,
    observer: DnsObserver,
    token: str = TOKEN,
) -> TemplateRecords:
    other = replace(config.providers_other, api_base_url=f"https://{provider.prefix}")
    return TemplateRecords(trusting_fetcher, replace(config, providers_other=other), Secret(token), observer.zones)


@pytest.fixture
def records(
    provider: DomainConnectProvider, connect_config: Config, trusting_fetcher: Fetcher, observer: DnsObserver
) -> TemplateRecords:
    return driver(provider, connect_config, trusting_fetcher, observer)


async def values(records: TemplateRecords, name: str) -> list[tuple[str, str]]:
    return [(each.type, each.value) for each in await records.read(ZONE, name)]


async def test_both_records_are_set_one_by_one_and_taken_out_together(records: TemplateRecords) -> None:
    await records.check_credentials()
    assert await records.find_zone("app.customer.test") == ZONE
    assert await records.read(ZONE, OURS.name) == []
    await records.change(ZONE, [], [OURS])
    assert await values(records, OURS.name) == [("CNAME", TARGET)]
    assert await records.read(ZONE, CHALLENGE.name) == []
    await records.change(ZONE, [], [CHALLENGE])
    assert await values(records, CHALLENGE.name) == [("CNAME", CHALLENGE.value)]
    with pytest.raises(Permanent) as refused:
        await records.change(ZONE, [CHALLENGE], [])
    assert refused.value.code == "revert_not_supported"
    await records.change(ZONE, [OURS], [])
    assert await records.read(ZONE, OURS.name) == []
    assert await records.read(ZONE, CHALLENGE.name) == []


async def test_what_is_in_the_way_is_left_alone_unless_it_is_to_be_replaced(records: TemplateRecords) -> None:
    ours = replace(OURS, name="www.customer.test")
    with pytest.raises(RecordConflict, match=r"A www\.customer\.test b") as conflict:
        await records.change(ZONE, [], [ours])
    assert "\n" not in conflict.value.message
    there = await records.read(ZONE, ours.name)
    assert [(each.type, each.value) for each in there] == [("A", "192.0.2.1")]
    await records.change(ZONE, there, [ours])
    assert await values(records, ours.name) == [("CNAME", TARGET)]
    # The protocol cannot put back what its template does not hold.
    with pytest.raises(Permanent) as refused:
        await records.change(ZONE, [ours], there)
    assert refused.value.code == "template_does_not_fit"


async def test_what_a_wildcard_answers_is_no_record_of_the_name_and_one_that_says_the_same_is(
    records: TemplateRecords, zone: Sandbox
) -> None:
    assert await records.read(ZONE, "app.wild.customer.test") == []
    zone.set_dns("app.wild.customer.test", "A", ["192.0.2.9", "192.0.2.10"])
    assert await values(records, "app.wild.customer.test") == [("A", "192.0.2.9"), ("A", "192.0.2.10")]
    zone.set_dns("*.all.customer.test", "CNAME", [f"{TARGET}."])
    assert await values(records, "app.all.customer.test") == []
    zone.set_dns("app.all.customer.test", "CNAME", [f"{TARGET}."])
    assert await values(records, "app.all.customer.test") == [("CNAME", TARGET)]


async def test_a_zone_without_domain_connect_is_not_held(records: TemplateRecords, zone: Sandbox) -> None:
    zone.delete_dns("_domainconnect.customer.test", "TXT")
    assert await records.find_zone("app.customer.test") is None


async def test_the_token_goes_to_the_configured_address_whatever_the_zone_names(
    records: TemplateRecords, zone: Sandbox, provider: DomainConnectProvider
) -> None:
    zone.set_dns("_domainconnect.customer.test", "TXT", ['"thief.example.net"'])
    assert await records.find_zone("app.customer.test") == ZONE
    await records.change(ZONE, [], [OURS])
    assert [request.method for request in provider.requests] == ["POST"]


async def test_a_token_that_is_refused_is_told_and_not_shown(
    provider: DomainConnectProvider, connect_config: Config, trusting_fetcher: Fetcher, observer: DnsObserver
) -> None:
    records = driver(provider, connect_config, trusting_fetcher, observer, token=marked("another"))
    with pytest.raises(Unauthorized) as refused:
        await records.change(ZONE, [], [OURS])
    assert refused.value.code == "provider_unauthorized"
    assert MARK not in refused.value.message


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (302, Permanent, "provider_refused"),
        (403, Permanent, "provider_refused"),
        (404, Permanent, "template_not_supported"),
        (409, RecordConflict, "record_conflict"),
        (429, Retryable, "provider_unavailable"),
        (501, Permanent, "revert_not_supported"),
        (503, Retryable, "provider_unavailable"),
    ],
)
async def test_every_refusal_has_its_meaning(
    records: TemplateRecords, provider: DomainConnectProvider, status: int, kind: type[RemoteError], code: str
) -> None:
    provider.spoil = lambda request: web.Response(status=status, body=b"[" * 100, headers={"Location": "/"})
    with pytest.raises(kind) as failed:
        await records.change(ZONE, [], [OURS])
    assert failed.value.code == code
    assert len(provider.requests) == 1


async def test_what_is_gone_already_is_reverted(records: TemplateRecords, provider: DomainConnectProvider) -> None:
    provider.spoil = lambda request: web.Response(status=404)
    await records.change(ZONE, [OURS], [])
