"""A role at AWS: its ExternalId is ours, opens one connection of one organization, and nothing else opens the role."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from dcvd.config import Config
from dcvd.config.provider_sections import Route53ProviderConfig
from dcvd.core.connections.connection import Connection, ConnectionMethod, Provider
from dcvd.core.connections.credentials import AwsRole
from dcvd.core.secret import Secret
from dcvd.errors import InvalidInput
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.drivers import DriverFactory
from dcvd.services.connections import aws_external_ids
from dcvd.services.connections.setup import CredentialTrials
from dcvd.services.context import Context
from dcvd.store.connections import connections as table
from dcvd.store.organizations.organizations import Organization
from tests.providers.route53.aws import KEY, SECRET, THEIRS, FakeAws
from tests.providers.route53.conftest import serving
from tests.providing import drivers_of

_ARN = f"arn:aws:iam::{THEIRS}:role/customer"


@pytest.fixture
def aws() -> FakeAws:
    made = FakeAws()
    made.zone("customer.example")
    return made


@pytest.fixture
async def config(config: Config, aws: FakeAws) -> AsyncIterator[Config]:
    async with serving(aws.handle) as url:
        yield replace(
            config,
            providers_route53=Route53ProviderConfig(
                access_key_id=KEY, secret_access_key=Secret(SECRET), sts_url=url, api_base_url=url
            ),
        )


@pytest.fixture
async def drivers(context: Context) -> AsyncIterator[DriverFactory]:
    fetcher = Fetcher()
    await fetcher.start()
    yield drivers_of(context, fetcher)
    await fetcher.close()


async def _issued(context: Context, drivers: DriverFactory, org_id: str) -> str:
    return (await aws_external_ids.issue(context, drivers.aws_sessions, org_id, ["app.customer.com"])).external_id


async def _connect(context: Context, drivers: DriverFactory, org_id: str, external_id: str) -> Connection:
    role = AwsRole(role_arn=_ARN, external_id=external_id)
    return await CredentialTrials().connect(context, drivers, org_id, Provider.ROUTE53, role, actor="token:token_x")


async def _count(context: Context, organization: Organization) -> int:
    return await context.database.read(lambda snapshot: table.count_of_org(snapshot, organization.id, 10))


async def test_a_role_that_opens_with_its_external_id_alone_is_connected_once(
    context: Context, drivers: DriverFactory, aws: FakeAws, organization: Organization
) -> None:
    external_id = await _issued(context, drivers, organization.id)
    aws.roles[_ARN] = lambda given: given == external_id
    made = await asyncio.gather(
        *[_connect(context, drivers, organization.id, external_id) for _ in range(3)], return_exceptions=True
    )
    (connection,) = [each for each in made if isinstance(each, Connection)]
    assert (connection.method, connection.account) == (ConnectionMethod.AWS_ROLE, THEIRS)
    refused = [each for each in made if isinstance(each, InvalidInput)]
    assert [each.code for each in refused] == ["external_id_unknown"] * 2
    assert await _count(context, organization) == 1


async def test_an_external_id_of_another_organization_or_of_nobody_opens_nothing(
    context: Context, drivers: DriverFactory, aws: FakeAws, organization: Organization, rival: Organization
) -> None:
    external_id = await _issued(context, drivers, organization.id)
    aws.roles[_ARN] = lambda given: given == external_id
    for org, given in ((rival, external_id), (organization, "dcvd-chosen")):
        with pytest.raises(InvalidInput) as refused:
            await _connect(context, drivers, org.id, given)
        assert refused.value.code == "external_id_unknown"
    assert await _count(context, rival) == 0
    assert (await _connect(context, drivers, organization.id, external_id)).org_id == organization.id


async def test_a_role_that_opens_without_it_is_refused_and_the_external_id_stays_good(
    context: Context, drivers: DriverFactory, aws: FakeAws, organization: Organization
) -> None:
    external_id = await _issued(context, drivers, organization.id)
    aws.roles[_ARN] = lambda _: True
    with pytest.raises(InvalidInput) as refused:
        await _connect(context, drivers, organization.id, external_id)
    assert refused.value.code == "role_open"
    assert await _count(context, organization) == 0
    aws.roles[_ARN] = lambda given: given == external_id
    await _connect(context, drivers, organization.id, external_id)


async def test_a_role_that_does_not_trust_us_is_refused(
    context: Context, drivers: DriverFactory, organization: Organization
) -> None:
    external_id = await _issued(context, drivers, organization.id)
    with pytest.raises(InvalidInput) as refused:
        await _connect(context, drivers, organization.id, external_id)
    assert refused.value.code == "credentials_refused"
