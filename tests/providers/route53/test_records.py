"""The driver, against both."""

import pytest

from dcvd.core.connections.credentials import AwsKeys
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import Permanent, Retryable, Unauthorized
from dcvd.kit.http.fetch import FetchFailed
from dcvd.providers.route53.records import Route53Records
from dcvd.providers.route53.roles import verify_role
from tests.providers.route53.conftest import Place

TARGET = "edge.example.net"


def cname(name: str, value: str = TARGET) -> ZoneRecord:
    return ZoneRecord(type="CNAME", name=name, value=value, ttl=300)


def shown(records: list[ZoneRecord]) -> list[tuple[str, str, str, int | None]]:
    return [(record.type, record.name, record.value, record.ttl) for record in records]


async def zone_of(records: Route53Records, name: str) -> Zone:
    zone = await records.find_zone(name)
    assert zone is not None
    return zone


@pytest.mark.parametrize("with_keys", [True, False])
async def test_credentials_that_work_tell_their_account(either: Place, with_keys: bool) -> None:
    assert await either.records(with_keys=with_keys).check_credentials() == either.account


async def test_the_zone_is_the_deepest_that_holds_the_name(either: Place) -> None:
    records = either.records()
    assert (await zone_of(records, "a.b.deep.customer.example")).name == "deep.customer.example"
    assert (await zone_of(records, "deep.customer.example")).name == "deep.customer.example"
    assert (await zone_of(records, "app.customer.example")).name == "customer.example"
    assert await records.find_zone("app.nobody.example") is None


async def test_a_record_is_created_and_followed_until_it_is_everywhere(either: Place) -> None:
    records = either.records()
    zone = await zone_of(records, either.name)
    assert await records.read(zone, either.name) == []
    either.front.pending = 3
    await records.change(zone, [], [cname(either.name)])
    assert either.front.calls.count("GetChange") == 3
    assert shown(await records.read(zone, either.name)) == [("CNAME", either.name, TARGET, 300)]


async def test_what_is_replaced_goes_in_one_batch(either: Place) -> None:
    records = either.records(with_keys=True)
    zone = await zone_of(records, either.name)
    addresses = [ZoneRecord(type="A", name=either.name, value=value, ttl=77) for value in ("192.0.2.1", "192.0.2.2")]
    await records.change(zone, [], addresses)
    before = await records.read(zone, either.name)
    assert sorted(shown(before)) == sorted(shown(addresses))
    either.front.calls.clear()
    await records.change(zone, before, [cname(either.name)])
    assert either.front.calls == ["ChangeResourceRecordSets"]
    assert shown(await records.read(zone, either.name)) == [("CNAME", either.name, TARGET, 300)]


async def test_a_change_whose_answer_was_lost_is_done_all_the_same(either: Place) -> None:
    records = either.records()
    zone = await zone_of(records, either.name)
    either.front.lose("ChangeResourceRecordSets")
    with pytest.raises(FetchFailed) as failure:
        await records.change(zone, [], [cname(either.name)])
    assert failure.value.may_have_arrived
    assert shown(await records.read(zone, either.name)) == [("CNAME", either.name, TARGET, 300)]


@pytest.mark.parametrize("code", ["Throttling", "PriorRequestNotComplete"])
async def test_a_busy_aws_is_asked_again_and_only_so_often(either: Place, code: str) -> None:
    records = either.records()
    zone = await zone_of(records, either.name)
    either.front.fail("ChangeResourceRecordSets", code, "Rate exceeded", times=2)
    await records.change(zone, [], [cname(either.name)])
    assert len(await records.read(zone, either.name)) == 1
    either.front.fail("ListResourceRecordSets", code, "Rate exceeded", times=4)
    with pytest.raises(Retryable, match="Rate exceeded"):
        await records.read(zone, either.name)


async def test_a_wrong_secret_is_refused_and_not_told(either: Place) -> None:
    wrong = AwsKeys(access_key_id=either.keys.access_key_id, secret_access_key=Secret("tok-SECRET-wrong"))
    records = Route53Records(either.config, wrong, either.sessions)
    with pytest.raises(Unauthorized, match="SignatureDoesNotMatch") as refusal:
        await records.check_credentials()
    assert refusal.value.code == "provider_unauthorized"
    assert "tok-SECRET" not in refusal.value.message


async def test_a_role_that_opens_with_its_external_id_alone_is_taken(either: Place) -> None:
    await verify_role(either.sessions, either.config, either.role, lambda count: bytes(count))
    assert either.front.calls == ["AssumeRole"] * 3


async def test_a_zone_that_is_gone_is_named_so(either: Place) -> None:
    with pytest.raises(Permanent) as refusal:
        await either.records().read(Zone(id="Z0000000GONE", name="customer.example"), either.name)
    assert refusal.value.code == "zone_not_found"
