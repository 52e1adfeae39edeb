"""`/api/oauth/aws/external-ids`, and connecting by a role."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.config.provider_sections import Route53ProviderConfig
from dcvd.core.instants import DAY
from dcvd.core.secret import Secret
from dcvd.kit.http.fetch import Fetcher
from dcvd.services.connections.setup import CredentialTrials
from dcvd.services.context import Context
from dcvd.store.connections import aws_external_ids
from tests.leaks import MARK
from tests.manual_clock import ManualClock
from tests.providers.route53.aws import KEY, OURS, SECRET, THEIR_KEY, THEIR_SECRET, THEIRS, FakeAws
from tests.providers.route53.conftest import serving
from tests.providing import access_of, drivers_of
from tests.sealing import without_key
from tests.served_app.client import Answer, Client, problem
from tests.served_app.fixtures import EventDict

PATH = "/api/oauth/aws/external-ids"
CONNECTIONS = "/api/oauth/connections"
ROLE = f"arn:aws:iam::{THEIRS}:role/dcvd"


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture(autouse=True)
async def _wired(app: Api, context: Context, aws: FakeAws, log_lines: list[EventDict]) -> AsyncIterator[None]:
    """The application with an identity at our small AWS."""
    fetcher = Fetcher()
    await fetcher.start()
    async with serving(aws.handle) as url:
        route53 = Route53ProviderConfig(
            access_key_id=KEY, secret_access_key=Secret(SECRET), sts_url=url, api_base_url=url
        )
        context.live_config.value = replace(context.config, providers_route53=route53)
        app.services.access.drivers = drivers_of(context, fetcher)
        app.services.access = access_of(context, fetcher)
        app.services.credential_trials = CredentialTrials()
        yield
    await fetcher.close()
    assert MARK not in repr(log_lines)


def by_role(external_id: str, arn: str = ROLE) -> dict[str, Any]:
    return {"provider": "route53", "credentials": {"roleArn": arn, "externalId": external_id}}


async def issued(client: Client) -> str:
    answer = await client.post(PATH, {})
    assert answer.status == 201, answer.body
    external_id: str = answer.json["externalId"]
    return external_id


async def connected(client: Client, aws: FakeAws) -> tuple[str, Answer]:
    """An ExternalId that opened a connection."""
    external_id = await issued(client)
    aws.roles[ROLE] = lambda given: given == external_id
    return external_id, await client.post(CONNECTIONS, by_role(external_id))


async def test_a_repeat_with_the_same_key_gets_the_same_external_id(owner: Client) -> None:
    key = {"Idempotency-Key": "k"}
    first = await owner.post(PATH, headers=key)
    assert first.status == 201
    assert (await owner.post(PATH, headers=key)).body == first.body
    assert (await owner.post(PATH)).json["externalId"] != first.json["externalId"]


async def test_an_external_id_comes_with_the_policies_that_name_us_and_the_domains(owner: Client) -> None:
    answer = await owner.post(PATH, {"domains": ["App.Customer.com", "bücher.customer.com"]})
    assert answer.status == 201
    made = answer.json
    assert made["expiresAt"] == "2027-01-22T08:00:00Z"
    (entry,) = (await owner.get("/api/audit?action=external_id.created")).json["audit"]
    assert (entry["after"], entry["requestId"]) == ({"expiresAt": made["expiresAt"]}, answer.headers["X-Request-Id"])
    statement = made["trustPolicy"]["Statement"][0]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{OURS}:user/dcvd"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": made["externalId"]}}
    conditions = made["permissionsPolicy"]["Statement"][0]["Condition"]["ForAllValues:StringEquals"]
    assert conditions["route53:ChangeResourceRecordSetsNormalizedRecordNames"][::2] == [
        "app.customer.com",
        "xn--bcher-kva.customer.com",
    ]
    assert len(made["instructions"]) == 3
    assert (await owner.call("POST", PATH)).status == 201, "a body is not needed"


async def test_a_role_that_trusts_us_with_it_becomes_a_connection(owner: Client, aws: FakeAws, app: Api) -> None:
    external_id, answer = await connected(owner, aws)
    assert answer.status == 201, answer.body
    made = answer.json["connection"]
    assert (made["method"], made["account"]) == ("aws_role", THEIRS)
    aws.zone("customer.example")
    driver = await app.services.access.open_driver(made["orgId"], made["id"])
    zone = await driver.find_zone("app.customer.example")
    assert zone is not None
    assert zone.name == "customer.example"
    assert MARK.encode() not in answer.body
    assert external_id not in answer.body.decode()


async def test_an_external_id_opens_one_connection(owner: Client, aws: FakeAws) -> None:
    external_id, _ = await connected(owner, aws)
    again = await owner.post(CONNECTIONS, by_role(external_id))
    problem(again, 400, "external_id_unknown", field="credentials.externalId")


async def test_of_two_connections_at_once_with_one_external_id_one_is_made(owner: Client, aws: FakeAws) -> None:
    external_id = await issued(owner)
    aws.roles[ROLE] = lambda given: given == external_id
    answers = await asyncio.gather(*(owner.post(CONNECTIONS, by_role(external_id)) for _ in range(2)))
    assert sorted(answer.status for answer in answers) == [201, 400]
    assert len((await owner.get(CONNECTIONS)).json["connections"]) == 1


async def test_nobody_uses_the_external_id_of_another_organization_or_one_of_his_own(
    owner: Client, stranger: Client, aws: FakeAws
) -> None:
    external_id = await issued(owner)
    aws.roles[ROLE] = lambda given: given in {external_id, "dcvd-chosen"}
    for given in (external_id, "dcvd-chosen"):
        answer = await stranger.post(CONNECTIONS, by_role(given))
        problem(answer, 400, "external_id_unknown", field="credentials.externalId")
    assert len(aws.keys) == 2, "AWS was not even asked"


async def test_an_external_id_ends_after_seven_days(
    owner: Client, aws: FakeAws, clock: ManualClock, context: Context
) -> None:
    external_id = await issued(owner)
    aws.roles[ROLE] = lambda given: given == external_id
    clock.advance(7 * DAY)
    problem(await owner.post(CONNECTIONS, by_role(external_id)), 400, "external_id_unknown")
    assert await context.database.write(lambda tx: aws_external_ids.delete_old(tx, clock.now() + 1, 10)) == 1


async def test_a_role_that_opens_without_an_external_id_is_not_stored_and_the_id_stays_good(
    owner: Client, aws: FakeAws
) -> None:
    external_id = await issued(owner)
    aws.roles[ROLE] = lambda given: True
    refusal = problem(await owner.post(CONNECTIONS, by_role(external_id)), 400, "role_open")
    assert external_id in refusal["detail"]
    assert (await owner.get(CONNECTIONS)).json["connections"] == []
    aws.roles[ROLE] = lambda given: given == external_id
    assert (await owner.post(CONNECTIONS, by_role(external_id))).status == 201


async def test_a_role_that_does_not_trust_us_is_refused(owner: Client) -> None:
    answer = await owner.post(CONNECTIONS, by_role(await issued(owner)))
    problem(answer, 400, "credentials_refused", field="credentials")


async def test_access_keys_are_tried_and_stored(owner: Client) -> None:
    credentials = {"accessKeyId": THEIR_KEY, "secretAccessKey": THEIR_SECRET}
    answer = await owner.post(CONNECTIONS, {"provider": "route53", "credentials": credentials})
    assert answer.status == 201
    assert answer.json["connection"]["account"] == THEIRS
    wrong = credentials | {"secretAccessKey": f"{MARK}-wrong"}
    answer = await owner.post(CONNECTIONS, {"provider": "route53", "credentials": wrong})
    problem(answer, 400, "credentials_refused")
    assert MARK.encode() not in answer.body


@pytest.mark.parametrize(
    ("domains", "field"),
    [(["app.customer.com", "localhost"], "domains[1]"), (["a.customer.com"] * 51, "domains"),
     ([f"{'a' * 60}.{'b' * 60}.x{number}.customer.com" for number in range(24)], "domains")],
)  # fmt: skip
async def test_domains_that_make_no_policy_are_refused(owner: Client, domains: list[str], field: str) -> None:
    answer = await owner.post(PATH, {"domains": domains})
    assert answer.status == 400
    assert [error["field"] for error in answer.json["errors"]] == [field]


async def test_external_ids_that_nobody_uses_are_limited(
    owner: Client, stranger: Client, clock: ManualClock, aws: FakeAws
) -> None:
    for _ in range(19):
        await issued(owner)
    await connected(owner, aws)
    await issued(owner)
    answer = await owner.post(PATH, {})
    problem(answer, 429, "too_many_requests")
    assert answer.headers["Retry-After"] == str(7 * DAY // 1000)
    await issued(stranger)
    clock.advance(7 * DAY)
    await issued(owner)


async def test_what_the_operator_has_not_set_up_is_named(app: Api, owner: Client, context: Context) -> None:
    identity = context.config.providers_route53
    context.live_config.value = replace(context.config, providers_route53=Route53ProviderConfig())
    assert (
        "providers.route53.access_key_id" in problem(await owner.post(PATH, {}), 501, "aws_identity_missing")["detail"]
    )
    context.live_config.value = replace(context.config, providers_route53=identity)
    app.services.context = without_key(context)
    problem(await owner.post(PATH, {}), 501, "encryption_key_missing")


async def test_a_member_gets_none(member: Client) -> None:
    problem(await member.post(PATH, {}), 403, "forbidden")
