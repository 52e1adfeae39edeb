"""What stands in a zone is read as it is, taken out only as it was read, and put back exactly. Against our own AWS."""

import itertools
from typing import Any

import pytest

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Permanent, Retryable
from dcvd.providers.route53.records import Route53Records
from tests.providers.route53.aws import FakeAws
from tests.providers.route53.conftest import Place
from tests.providers.route53.test_records import TARGET, cname, shown
from tests.providers.route53.zones import NAME_SERVERS, FakeZone, Set

NAME = "app.customer.example"


@pytest.fixture
def hosted(aws: FakeAws) -> FakeZone:
    """`customer.example`, as it stands at AWS."""
    return aws.zones[0]


@pytest.fixture
def zone(hosted: FakeZone) -> Zone:
    return Zone(id=hosted.id, name=hosted.name)


@pytest.fixture
def records(place: Place) -> Route53Records:
    return place.records()


ALIAS: Set = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d1.cloudfront.net.", "EvaluateTargetHealth": "false"}
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("A", {"TTL": "60", "ResourceRecords": ["192.0.2.1", "192.0.2.2"]}),
    ("A", {"AliasTarget": ALIAS}),
    ("CNAME", {"AliasTarget": ALIAS | {"DNSName": "www.customer.example."}}),
    ("TXT", {"TTL": "60", "ResourceRecords": ['"a <b> & c"', '"\\303\\244"']}),
    ("MX", {"TTL": "60", "ResourceRecords": ["10 MX.customer.example."]}),
    ("A", {"SetIdentifier": "eu <1>", "Weight": "70", "TTL": "60", "ResourceRecords": ["192.0.2.1"]}),
    ("A", {"SetIdentifier": "x", "GeoLocation": {"CountryCode": "DE"}, "TTL": "60", "ResourceRecords": ["192.0.2.1"]}),
    ("A", {"SetIdentifier": "x", "MultiValueAnswer": "true", "TTL": "60", "ResourceRecords": ["192.0.2.1"],
           "HealthCheckId": "00000000-0000-0000-0000-000000000000"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
async def test_whatever_a_set_is_made_of_it_is_replaced_and_put_back_as_it_was(
    records: Route53Records, hosted: FakeZone, zone: Zone, kind: str, settings: dict[str, Any]
) -> None:
    original = hosted.put(f"{NAME}.", kind, **settings)
    before = await records.read(zone, NAME)
    await records.change(zone, before, [cname(NAME)])
    after = await records.read(zone, NAME)
    assert shown(after) == [("CNAME", NAME, TARGET, 300)]
    await records.change(zone, after, before)
    assert hosted.sets == [original]
    assert list(hosted.sets[0]) == list(original), "the schema gives the order"


async def test_the_values_of_every_type_are_told_as_records_have_them(
    records: Route53Records, hosted: FakeZone, zone: Zone
) -> None:
    hosted.put(f"{NAME}.", "MX", "10 MX.Customer.example.")
    hosted.put(f"{NAME}.", "A", AliasTarget=ALIAS)
    hosted.put(f"{NAME}.", "CNAME", AliasTarget=ALIAS | {"DNSName": "WWW.customer.example."})
    hosted.put(f"{NAME}.", "TXT", '"One Two"')
    assert shown(await records.read(zone, NAME)) == [
        ("A", NAME, "ALIAS d1.cloudfront.net", None),
        ("CNAME", NAME, "ALIAS www.customer.example", None),
        ("MX", NAME, "10 mx.customer.example", 300),
        ("TXT", NAME, '"One Two"', 300),
    ]


async def test_only_exactly_that_name_is_read_though_the_call_gives_a_starting_point(
    records: Route53Records, hosted: FakeZone, zone: Zone
) -> None:
    for name in ("aaa.customer.example.", "x.app.customer.example.", "apq.customer.example.", "zzz.customer.example."):
        hosted.put(name, "A", "192.0.2.1")
    assert await records.read(zone, NAME) == []
    hosted.put("\\052.customer.example.", "CNAME", "Edge.Example.NET.")
    assert shown(await records.read(zone, "*.customer.example")) == [("CNAME", "*.customer.example", TARGET, 300)]


async def test_a_name_with_more_sets_than_a_page_is_read_to_its_end(
    records: Route53Records, aws: FakeAws, hosted: FakeZone, zone: Zone
) -> None:
    aws.page = 2
    for number in range(7):
        hosted.put(f"{NAME}.", "A", f"192.0.2.{number}", SetIdentifier=str(number), Weight="1")
    hosted.put("b.customer.example.", "A", "192.0.2.9")
    assert [record.id for record in await records.read(zone, NAME)] == [str(number) for number in range(7)]
    aws.page = 1
    for number in range(7, 12):
        hosted.put(f"{NAME}.", "A", f"192.0.2.{number}", SetIdentifier=f"{number:02}x", Weight="1")
    with pytest.raises(Permanent) as refusal:
        await records.read(zone, NAME)
    assert refusal.value.code == "too_many_records"


async def test_of_a_set_that_loses_one_value_the_others_stay(
    records: Route53Records, hosted: FakeZone, zone: Zone
) -> None:
    hosted.put(f"{NAME}.", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3")
    before = await records.read(zone, NAME)
    added = ZoneRecord(type="A", name=NAME, value="192.0.2.9", ttl=60)
    await records.change(zone, before[1:2], [added])
    (after,) = hosted.sets
    assert after["ResourceRecords"] == ["192.0.2.1", "192.0.2.3", "192.0.2.9"]
    assert after["TTL"] == "300"


async def test_a_set_with_settings_that_could_not_be_restored_is_left_as_it_is(
    records: Route53Records, hosted: FakeZone, zone: Zone
) -> None:
    original = hosted.put(f"{NAME}.", "A", TrafficPolicyInstanceId="00000000-0000-0000-0000-000000000000")
    before = await records.read(zone, NAME)
    with pytest.raises(Permanent) as refusal:
        await records.change(zone, before, [cname(NAME)])
    assert refusal.value.code == "record_not_restorable"
    assert hosted.sets == [original]


@pytest.mark.parametrize("meanwhile", ["changed", "removed", "created"])
async def test_what_somebody_wrote_since_it_was_read_is_not_overwritten(
    records: Route53Records, hosted: FakeZone, zone: Zone, meanwhile: str
) -> None:
    if meanwhile != "created":
        hosted.put(f"{NAME}.", "CNAME", "old.example.net.")
    before = await records.read(zone, NAME)
    if meanwhile == "changed":
        hosted.sets[0] = hosted.sets[0] | {"TTL": "60"}
    elif meanwhile == "removed":
        hosted.sets.clear()
    else:
        hosted.put(f"{NAME}.", "A", "192.0.2.1")
    now = [*hosted.sets]
    with pytest.raises(Retryable) as refusal:
        await records.change(zone, before, [cname(NAME)])
    assert refusal.value.code == "record_conflict"
    assert hosted.sets == now


async def test_a_record_that_route53_never_takes_is_refused_for_good(
    records: Route53Records, place: Place, hosted: FakeZone, zone: Zone
) -> None:
    place.front.fail("ChangeResourceRecordSets", "InvalidChangeBatch", "ARRDATAIllegalIPv4Address", status=400)
    with pytest.raises(Permanent, match="IllegalIPv4Address") as refusal:
        await records.change(zone, [], [ZoneRecord(type="A", name=NAME, value="192.0.2.256")])
    assert refusal.value.code == "record_refused"
    assert hosted.sets == []


async def test_private_zones_and_zones_of_other_names_are_passed_over(
    records: Route53Records, place: Place, aws: FakeAws
) -> None:
    aws.page = 1
    for private in (True, True, False):
        aws.zone("shop.example", private=private)
    aws.zone("private.example", private=True)
    aws.zone("zzz.example")
    found = await records.find_zone("www.shop.example")
    assert found == Zone(id=aws.zones[-3].id, name="shop.example", nameservers=NAME_SERVERS, provider="Amazon Route 53")
    assert await records.find_zone("www.private.example") is None


async def test_of_several_public_zones_that_is_taken_which_dns_leads_to(place: Place, aws: FakeAws) -> None:
    zones = [aws.zone("two.example", name_servers=(f"ns{number}.awsdns.example.",)) for number in range(2)]
    asked: list[str] = []

    async def name_servers(zone: str) -> list[str]:
        asked.append(zone)
        return ["ns1.awsdns.example"]

    found = await place.records(name_servers=name_servers).find_zone("app.two.example")
    assert found == Zone(
        id=zones[1].id, name="two.example", nameservers=("ns1.awsdns.example",), provider="Amazon Route 53"
    )
    assert asked == ["two.example"]

    async def nobody_says(_: str) -> list[str]:
        return []

    for records in (place.records(name_servers=nobody_says), place.records()):
        with pytest.raises(Permanent, match=f"{zones[0].id}, {zones[1].id}") as refusal:
            await records.find_zone("app.two.example")
        assert refusal.value.code == "zone_ambiguous"


async def test_a_zone_whose_name_servers_may_not_be_read_is_found_without_them(
    records: Route53Records, aws: FakeAws
) -> None:
    zone = aws.zone("one.example", name_servers=("ns1.awsdns.example.",))
    assert await records.find_zone("app.one.example") == Zone(
        id=zone.id, name="one.example", nameservers=("ns1.awsdns.example",), provider="Amazon Route 53"
    )
    aws.denied.add("route53:GetHostedZone")
    assert await records.find_zone("app.one.example") == Zone(
        id=zone.id, name="one.example", provider="Amazon Route 53"
    )


async def test_a_zone_is_looked_for_in_eight_places_at_most(records: Route53Records, place: Place) -> None:
    name = ".".join(itertools.chain(["x"] * 40, ["nobody", "example"]))
    assert await records.find_zone(name) is None
    assert place.front.calls.count("ListHostedZonesByName") == 8
