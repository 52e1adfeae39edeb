"""Roles: assumed once, held for a while, and refused where they are open. Against our own AWS."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from dcvd.config.provider_sections import Route53ProviderConfig
from dcvd.core.connections.aws_policies import new_external_id
from dcvd.core.connections.credentials import AwsRole
from dcvd.core.records.zones import Zone
from dcvd.core.secret import Secret
from dcvd.errors import InvalidInput, NotConfigured, Retryable, Unauthorized
from dcvd.kit.clock import SystemClock
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.route53 import sts
from dcvd.providers.route53.calls import AwsClient
from dcvd.providers.route53.records import Route53Records
from dcvd.providers.route53.roles import verify_role
from dcvd.providers.route53.sessions import AwsSessions
from tests.manual_clock import ManualClock
from tests.providers.route53.aws import OURS, FakeAws
from tests.providers.route53.conftest import EXTERNAL_ID, Place


def counting(count: int) -> bytes:
    return bytes(range(count))


async def test_a_role_is_assumed_once_however_many_need_it(place: Place) -> None:
    found = await asyncio.gather(*(place.sessions.get_keys(place.config, place.role) for _ in range(50)))
    assert all(keys == found[0] for keys in found)
    assert place.front.calls == ["AssumeRole"]


async def test_a_session_is_held_until_shortly_before_its_end(place: Place, fetcher: Fetcher) -> None:
    clock = ManualClock(SystemClock().now())
    sessions = AwsSessions(fetcher, clock)
    first = await sessions.get_keys(place.config, place.role)
    clock.advance(9 * 60_000)
    assert await sessions.get_keys(place.config, place.role) == first
    clock.advance(90_000)
    assert await sessions.get_keys(place.config, place.role) != first
    assert place.front.calls == ["AssumeRole"] * 2


async def test_a_session_is_not_given_to_whoever_has_another_external_id(place: Place) -> None:
    await place.sessions.get_keys(place.config, place.role)
    with pytest.raises(Unauthorized, match="does not let dcvd assume"):
        await place.sessions.get_keys(place.config, replace(place.role, external_id="dcvd-other"))


async def test_a_failed_try_to_assume_a_role_is_not_remembered(place: Place) -> None:
    place.front.fail("AssumeRole", "InternalFailure", status=500)
    with pytest.raises(Retryable):
        await place.sessions.get_keys(place.config, place.role)
    await place.sessions.get_keys(place.config, place.role)


async def test_a_session_that_ended_early_is_begun_anew_once(place: Place, aws: FakeAws) -> None:
    records, zone = place.records(), Zone(id=aws.zones[0].id, name="customer.example")
    keys = await place.sessions.get_keys(place.config, place.role)
    assert keys.session_token is not None
    aws.expired.add(keys.session_token.reveal())
    assert await records.read(zone, "app.customer.example") == []
    assert place.front.calls.count("AssumeRole") == 2
    place.front.fail("ListResourceRecordSets", "ExpiredToken", status=403, times=2)
    with pytest.raises(Unauthorized) as refusal:
        await records.read(zone, "app.customer.example")
    assert refusal.value.code == "provider_unauthorized"
    assert place.front.calls.count("AssumeRole") == 3


@pytest.mark.parametrize(
    ("opens", "how"),
    [
        (lambda given: True, "without any ExternalId"),
        (lambda given: given is not None and given.startswith("dcvd-"), "with an ExternalId that is not its own"),
        (lambda given: given in {None, EXTERNAL_ID}, "without any ExternalId"),
    ],
)
async def test_a_role_that_opens_otherwise_than_with_its_external_id_is_refused_and_told_what_to_add(
    place: Place, aws: FakeAws, opens: object, how: str
) -> None:
    aws.roles[place.role.role_arn] = opens  # type: ignore[assignment]  # parametrize has no types
    with pytest.raises(InvalidInput, match=how) as refusal:
        await verify_role(place.sessions, place.config, place.role, counting)
    assert (refusal.value.code, refusal.value.field) == ("role_open", "credentials.roleArn")
    assert f'"StringEquals": {{"sts:ExternalId": "{EXTERNAL_ID}"}}' in refusal.value.message


async def test_a_role_that_does_not_trust_us_is_refused(place: Place, aws: FakeAws) -> None:
    aws.roles.clear()
    with pytest.raises(Unauthorized, match="trust policy"):
        await verify_role(place.sessions, place.config, place.role, counting)


async def test_a_role_of_which_aws_does_not_say_whether_it_is_closed_is_not_taken(place: Place) -> None:
    await place.sessions.get_keys(place.config, place.role)
    place.front.fail("AssumeRole", "Throttling", times=4)
    with pytest.raises(Retryable):
        await verify_role(place.sessions, place.config, place.role, counting)


@pytest.mark.parametrize(
    "arn",
    [
        "", "customer", "arn:aws:iam::222222222222:user/x", "arn:aws:iam::22:role/x", "arn:aws:iam::222222222222:role/",
        "arn:aws:iam::222222222222:role/x\n", "arn:aws:iam::222222222222:role/a b",
    ],
)  # fmt: skip
async def test_what_is_no_arn_of_a_role_is_refused_before_aws_is_asked(place: Place, arn: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await verify_role(place.sessions, place.config, AwsRole(role_arn=arn, external_id=EXTERNAL_ID), counting)
    assert refusal.value.code == "bad_role_arn"
    assert place.front.calls == []


async def test_without_an_identity_of_our_own_the_settings_are_named(place: Place) -> None:
    for config in (Route53ProviderConfig(), replace(place.config, secret_access_key=None)):
        for call in (place.sessions.get_identity(config), place.sessions.get_keys(config, place.role)):
            with pytest.raises(NotConfigured, match=r"providers\.route53\.access_key_id") as refusal:
                await call
            assert refusal.value.code == "aws_identity_missing"
        with pytest.raises(NotConfigured):
            Route53Records(config, place.role, place.sessions)


async def test_an_identity_that_aws_refuses_is_the_operators_fault_and_not_the_customers(place: Place) -> None:
    wrong = replace(place.config, secret_access_key=Secret("tok-SECRET-wrong"))
    for call in (place.sessions.get_identity(wrong), place.sessions.get_keys(wrong, place.role)):
        with pytest.raises(Retryable, match=r"providers\.route53\.access_key_id") as refusal:
            await call
        assert refusal.value.code == "aws_identity_refused"
        assert "tok-SECRET" not in refusal.value.message


async def test_our_identity_is_asked_for_once_and_again_when_it_is_another(place: Place, aws: FakeAws) -> None:
    for _ in range(3):
        assert (await place.sessions.get_identity(place.config)).arn == f"arn:aws:iam::{OURS}:user/dcvd"
    assert place.front.calls == ["GetCallerIdentity"]
    aws.keys["AKIAOTHER"] = aws.keys[place.config.access_key_id]._replace(arn=f"arn:aws:iam::{OURS}:user/other")
    other = replace(place.config, access_key_id="AKIAOTHER")
    assert (await place.sessions.get_identity(other)).arn == f"arn:aws:iam::{OURS}:user/other"


@pytest.mark.parametrize(
    "body",
    [
        "<AssumeRoleResponse/>",
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>b"
        "</SecretAccessKey><SessionToken>a\nb</SessionToken><Expiration>2026-01-01T00:00:00Z</Expiration></Credentials>"
        "</AssumeRoleResult></AssumeRoleResponse>",
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>b"
        "</SecretAccessKey><SessionToken>c</SessionToken><Expiration>soon</Expiration></Credentials>"
        "</AssumeRoleResult></AssumeRoleResponse>",
    ],
)
async def test_an_answer_without_whole_credentials_is_no_session(place: Place, body: str) -> None:
    place.front.answer("AssumeRole", body)
    with pytest.raises(Retryable, match="does not hold what it should"):
        await place.sessions.get_keys(place.config, place.role)


async def test_the_customer_finds_the_external_id_as_the_name_of_our_sessions(place: Place, aws: FakeAws) -> None:
    keys = await place.sessions.get_keys(place.config, place.role)
    assert aws.keys[keys.access_key_id].arn.endswith(f":assumed-role/customer/{EXTERNAL_ID}")
    assert len(new_external_id(counting)) == len(EXTERNAL_ID) <= 64


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sts.amazonaws.com", "us-east-1"),
        ("https://sts.eu-central-1.amazonaws.com", "eu-central-1"),
        ("http://127.0.0.1:5000", "us-east-1"),
    ],
)
def test_a_regional_endpoint_is_signed_for_in_its_own_region(url: str, region: str) -> None:
    assert sts.read_scope(url).region == region


async def test_a_session_shorter_than_the_margin_is_used_all_the_same(place: Place, aws: FakeAws) -> None:
    aws.life = timedelta(seconds=100)
    await place.records().read(Zone(id=aws.zones[0].id, name="customer.example"), "app.customer.example")
    assert place.front.calls == ["AssumeRole", "ListResourceRecordSets"]


async def test_an_account_is_not_asked_faster_than_leaves_room_for_others(place: Place, fetcher: Fetcher) -> None:
    sessions = AwsSessions(fetcher, client=AwsClient(fetcher, max_calls=2, window_s=0.1))
    loop = asyncio.get_running_loop()
    started = loop.time()
    await asyncio.gather(*(sessions.assume(place.config, place.role, EXTERNAL_ID) for _ in range(5)))
    assert loop.time() - started >= 0.2
