"""What AWS refuses, and answers that are not AWS's. Against our own AWS, with a server in front that says so."""

import pytest

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Permanent, RemoteError, Retryable, Unauthorized
from dcvd.providers.route53.xml import BadXml, parse_xml
from tests.providers.route53.aws import FakeAws
from tests.providers.route53.conftest import Place
from tests.providers.route53.test_records import TARGET, cname, shown

ZONE = Zone(id="Z00000000", name="customer.example")
NAME = "app.customer.example"
READ = "ListResourceRecordSets"


@pytest.mark.parametrize(
    ("status", "aws_code", "message", "kind", "code"),
    [
        (403, "AccessDenied", "not authorized", Permanent, "permission_missing"),
        (403, "InvalidClientTokenId", "", Unauthorized, "provider_unauthorized"),
        (403, "SignatureDoesNotMatch", "tok-SECRET", Unauthorized, "provider_unauthorized"),
        (403, "SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier", Retryable, "clock_wrong"),
        (400, "Throttling", "Rate exceeded", Retryable, "provider_throttled"),
        (400, "PriorRequestNotComplete", "", Retryable, "provider_busy"),
        (404, "NoSuchHostedZone", "", Permanent, "zone_not_found"),
        (400, "InvalidInput", "odd", Permanent, "provider_refused"),
        (503, "ServiceUnavailable", "", Retryable, "provider_unavailable"),
        (500, "Whatever", "", Retryable, "provider_unavailable"),
        (418, "", "", Permanent, "provider_refused"),
    ],
)
async def test_every_refusal_has_its_own_error(
    place: Place, status: int, aws_code: str, message: str, kind: type[RemoteError], code: str
) -> None:
    place.front.fail(READ, aws_code, message, status=status, times=4)
    with pytest.raises(kind) as refusal:
        await place.records(with_keys=True).read(ZONE, NAME)
    assert type(refusal.value) is kind
    assert refusal.value.code == code
    assert "tok-SECRET" not in refusal.value.message


async def test_a_refusal_in_the_older_form_is_understood(place: Place) -> None:
    place.front.answer(
        "ChangeResourceRecordSets",
        "<InvalidChangeBatch><Messages><Message>Tried to create it but it already exists</Message></Messages>"
        "</InvalidChangeBatch>",
        status=400,
    )
    with pytest.raises(Retryable, match="already exists") as refusal:
        await place.records().change(ZONE, [], [cname(NAME)])
    assert refusal.value.code == "record_conflict"


async def test_a_hostile_message_is_told_on_one_line_and_cut(place: Place) -> None:
    place.front.fail(READ, "InvalidInput", "a&#10;b\u202e" + "&lt;script&gt;" * 200)
    with pytest.raises(Permanent) as refusal:
        await place.records().read(ZONE, NAME)
    assert "a b " in refusal.value.message
    assert "\u202e" not in refusal.value.message
    assert len(refusal.value.message) < 450


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no XML",
        "<ListResourceRecordSetsResponse>",
        '<!DOCTYPE x [<!ENTITY a "b">]><ListResourceRecordSetsResponse>&a;</ListResourceRecordSetsResponse>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1/x"><x/>',
        "<a>" * 100 + "</a>" * 100,
    ],
)
async def test_an_answer_that_is_no_plain_xml_is_not_taken(place: Place, body: str) -> None:
    place.front.answer(READ, body)
    with pytest.raises(Retryable, match="no XML"):
        await place.records().read(ZONE, NAME)


def test_many_elements_are_too_many() -> None:
    with pytest.raises(BadXml):
        parse_xml(b"<a>" + b"<b/>" * 50_000 + b"</a>")


async def test_a_zone_whose_id_could_lead_elsewhere_is_not_taken(place: Place) -> None:
    body = (
        "<R><HostedZones><HostedZone><Id>/hostedzone/../x?</Id><Name>customer.example.</Name></HostedZone>"
        "</HostedZones><IsTruncated>false</IsTruncated></R>"
    )
    place.front.answer("ListHostedZonesByName", body)
    with pytest.raises(Retryable, match="no usable Id") as refusal:
        await place.records().find_zone(NAME)
    assert refusal.value.code == "provider_unexpected"


async def test_a_listing_that_never_ends_is_left(place: Place) -> None:
    body = (
        f"<R><ResourceRecordSets/><IsTruncated>true</IsTruncated><NextRecordName>{NAME}.</NextRecordName>"
        "<NextRecordType>A</NextRecordType></R>"
    )
    for _ in range(20):
        place.front.answer(READ, body)
    with pytest.raises(Permanent):
        await place.records().read(ZONE, NAME)
    assert place.front.calls.count(READ) == 10


async def test_a_change_that_is_not_everywhere_in_time_is_said_so(place: Place, aws: FakeAws) -> None:
    place.front.pending = 100
    with pytest.raises(Retryable) as refusal:
        await place.records(sync=0.05).change(ZONE, [], [cname(NAME)])
    assert refusal.value.code == "not_yet_in_sync"
    assert len(aws.zones[0].sets) == 1


async def test_a_policy_without_get_change_does_not_fail_a_change_that_was_made(place: Place, aws: FakeAws) -> None:
    place.front.pending = 1
    aws.denied.add("route53:GetChange")
    await place.records().change(ZONE, [], [cname(NAME)])
    assert shown(await place.records().read(ZONE, NAME)) == [("CNAME", NAME, TARGET, 300)]


async def test_a_name_that_the_policy_leaves_out_is_no_fault_of_the_credentials(place: Place, aws: FakeAws) -> None:
    aws.denied.add("route53:ChangeResourceRecordSets")
    with pytest.raises(Permanent, match="route53:ChangeResourceRecordSets") as refusal:
        await place.records().change(ZONE, [], [cname(NAME)])
    assert refusal.value.code == "permission_missing"
    assert await place.records().check_credentials()


async def test_credentials_that_may_not_even_list_zones_do_not_pass_the_check(place: Place, aws: FakeAws) -> None:
    aws.denied.add("route53:ListHostedZonesByName")
    with pytest.raises(Unauthorized, match="route53:ListHostedZonesByName"):
        await place.records().check_credentials()


@pytest.mark.parametrize("raw", ["{", "[]", '{"settings": {"Name": "other.customer.example.", "Type": "CNAME"}}'])
async def test_what_was_not_kept_by_us_is_not_put_back(place: Place, raw: str) -> None:
    record = ZoneRecord(type="CNAME", name=NAME, value=TARGET, raw=raw)
    with pytest.raises(Permanent) as refusal:
        await place.records().change(ZONE, [], [record])
    assert refusal.value.code == "record_not_restorable"
    assert place.front.calls == []


async def test_nothing_to_change_asks_nobody(place: Place) -> None:
    await place.records().change(ZONE, [], [])
    assert place.front.calls == []
